// SPDX-License-Identifier: MIT
// New users, their welcome mails and their points, over the real program and a real SMTP server.
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

using namespace miniapp_test;

namespace {

using seconds = std::chrono::duration<double>;

constexpr const char* users_path = "/api/v1/users";

struct points_body {
    std::int64_t points{};
};
BOOST_DESCRIBE_STRUCT(points_body, (), (points))

void wait_until(const std::function<bool()>& holds) {
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > late) throw std::runtime_error("the condition doesn't come true");
        std::this_thread::sleep_for(std::chrono::milliseconds(5)); // leaves the processor to the program
    }
}

const std::vector<std::string> unlimited{"--limits.address.burst", "100000", "--limits.user.burst", "100000",
                                         "--overload.min",         "10000",  "--overload.max",      "10000"};

std::vector<std::string> with(std::vector<std::string> more) {
    more.insert(more.end(), unlimited.begin(), unlimited.end());
    return more;
}

// A shop with the calls of these tests.
struct registering_shop : shop {
    explicit registering_shop(std::vector<std::string> more = {}) : shop(with(std::move(more))) {
        admin = log_in("admin").token;
    }

    user add_user(const std::string& name, const std::string& email) {
        const std::string body = R"({"nickname":")" + name + R"(","email":")" + email + R"("})";
        return body_of<user>(ask("POST", users_path, body, admin), 201);
    }
    std::int64_t points_of(std::int64_t id) {
        const auto target = std::string(users_path) + "/" + std::to_string(id) + "/points";
        return body_of<points_body>(ask("GET", target, {}, admin)).points;
    }
    void wait_for_points(std::int64_t id) {
        wait_until([&] { return points_of(id) > 0; });
        CHECK(points_of(id) == 100);
    }
    // How long each of `count` registrations takes, from the fastest to the slowest.
    std::vector<seconds> registrations(int count, const std::string& prefix) {
        std::vector<seconds> took;
        for (int i = 0; i < count; ++i) {
            const std::string name = prefix + std::to_string(i);
            const auto begun = std::chrono::steady_clock::now();
            add_user(name, name + "@example.com");
            took.emplace_back(std::chrono::steady_clock::now() - begun);
        }
        std::ranges::sort(took);
        return took;
    }

    std::string admin;
};

seconds p99(const std::vector<seconds>& sorted) { return sorted[sorted.size() * 99 / 100]; }

} // namespace

TEST_CASE("a first login gives points once, and sends no mail to a user without an address") {
    registering_shop it;
    const login alice = body_of<login>(it.log_in_with(it.wechat.login("alice")));
    it.wait_for_points(alice.user.id);
    body_of<login>(it.log_in_with(it.wechat.login("alice")));
    const auto mine = std::string(users_path) + "/" + std::to_string(alice.user.id) + "/points";
    CHECK(body_of<points_body>(it.ask("GET", mine, {}, alice.token)).points == 100);
    const login bob = it.log_in("bob");
    refusal(it.ask("GET", mine, {}, bob.token), 404, "not_found");
    refusal(it.ask("GET", std::string(users_path) + "/999/points", {}, it.admin), 404, "not_found");
    it.program().signal(SIGTERM);
    CHECK(it.program().wait() == 0);
    CHECK(it.program().errors().find("not sent") == std::string::npos);
}

TEST_CASE("without a mail server, mails go to the log") {
    registering_shop it;
    it.add_user("Chen", "chen@example.com");
    const auto line = it.program().line_with("mail.url is empty: not sent");
    CHECK(line.find("chen@example.com") != std::string::npos);
    CHECK(line.find("Welcome to the tea shop") != std::string::npos);
}

TEST_CASE("a refused registration leaves no event behind") {
    registering_shop it;
    it.add_user("Chen", "chen@example.com");
    refusal(it.ask("POST", users_path, R"({"nickname":"Li","email":"chen@example.com"})", it.admin), 409,
            "already_exists");
    wait_until([&] { return it.metric(R"(outbox_relayed_total{name="user_events"})") == 2; }); // admin and Chen
    CHECK(it.metric(R"(queue_published_total{name="queue"})") == 2);
}

TEST_CASE("engines and mail servers that the program can't use stop its start") {
    const test_support::temporary_folder data;
    const auto says = [&](std::vector<std::string> more) {
        more.insert(more.end(), {"--profile", "dev"});
        child_process program(MINIAPP_PROGRAM, arguments(data, more), environment());
        CHECK(program.wait() == 2);
        return program.errors();
    };
    CHECK(says({"--queue.engine", "rabbitmq"}).find("queue.engine = rabbitmq") != std::string::npos);
    CHECK(says({"--queue.engine", "carrier_pigeon"}).find("memory") != std::string::npos);
    CHECK(says({"--mail.url", "http://127.0.0.1"}).find("mail.url") != std::string::npos);
}

#ifdef MINIAPP_TEST_SMTP

namespace {

// The mail server, which can be stopped and started again on its port.
class mail_server {
public:
    explicit mail_server(std::string delay, const std::string& password = {}) : delay_(std::move(delay)) {
        start(password);
    }

    // Its clients must log in with the password, unless it is empty.
    void start(const std::string& password = {}) {
        program_ = std::make_unique<child_process>(
            "/usr/bin/python3", std::vector<std::string>{MINIAPP_SMTP_SERVER, port_, delay_, password}, environment());
        const std::string line = program_->line_with(R"({"listening": )");
        port_ = line.substr(line.find(": ") + 2);
        port_.resize(port_.find('}'));
    }
    void stop() {
        program_->signal(SIGKILL);
        program_->wait();
        received_before_ += program_->errors();
        program_.reset();
    }

    std::string url() const { return "smtp://127.0.0.1:" + port_; }
    std::string url_with(const std::string& password) const {
        return "smtp://shop:" + password + "@127.0.0.1:" + port_;
    }

    // The lines of its mails.
    std::vector<std::string> mails() const {
        std::vector<std::string> all;
        std::string text = received_before_ + (program_ ? program_->errors() : std::string());
        for (std::size_t at = text.find(R"({"mail")"); at != std::string::npos; at = text.find(R"({"mail")", at + 1))
            all.push_back(text.substr(at, text.find('\n', at) - at));
        return all;
    }
    std::size_t mails_to(const std::string& address) const {
        const std::string mark = R"({"mail": ")" + address + "\"";
        const auto all = mails();
        return static_cast<std::size_t>(
            std::ranges::count_if(all, [&](const auto& one) { return one.starts_with(mark); }));
    }

private:
    std::string delay_;
    std::string port_ = "0";
    std::string received_before_;
    std::unique_ptr<child_process> program_;
};

} // namespace

TEST_CASE("a new user gets one welcome mail") {
    mail_server mails("0");
    registering_shop it({"--mail.url", mails.url(), "--mail.from", "tea@example.com"});
    it.add_user("陈", "chen@example.com");
    wait_until([&] { return mails.mails().size() == 1; });
    const std::string mail = mails.mails()[0];
    CHECK(mail.find(R"("mail": "chen@example.com")") != std::string::npos);
    CHECK(mail.find(R"("from": "tea@example.com")") != std::string::npos);
    CHECK(mail.find("Welcome to the tea shop") != std::string::npos);
    CHECK(mail.find("Hello 陈") != std::string::npos);
    CHECK(mail.find("@miniapp>") != std::string::npos);
    wait_until([&] { return it.metric(R"(outbox_relayed_total{name="user_events"})") == 2; });
    CHECK(mails.mails().size() == 1);
}

TEST_CASE("a mail server that takes 800 ms delays no registration") {
    constexpr int count = 100;
    std::vector<seconds> without;
    {
        registering_shop fast;
        fast.registrations(10, "warm");
        without = fast.registrations(count, "user");
    }
    mail_server mails("0.8");
    registering_shop it({"--mail.url", mails.url(), "--mail.connections", "16"});
    it.registrations(10, "warm");
    const auto with_mails = it.registrations(count, "user");
    MESSAGE("p99 of a registration without mails: ", p99(without).count() * 1000,
            " ms, with a mail server that takes 800 ms: ", p99(with_mails).count() * 1000, " ms");
    CHECK(p99(with_mails) < p99(without) + seconds(0.4));
    wait_until([&] { return mails.mails().size() == count + 10; });
}

TEST_CASE("while the mail server is away nothing but the mails waits, and they are sent when it is back") {
    mail_server mails("0");
    registering_shop it({"--mail.url", mails.url()});
    mails.stop();
    std::vector<user> added;
    for (int i = 0; i < 5; ++i) added.push_back(it.add_user("u", "u" + std::to_string(i) + "@example.com"));
    for (const auto& one : added) it.wait_for_points(one.id);
    CHECK(it.ask("GET", "/readyz").status == 200);
    CHECK(it.log_in("alice").user.id > 0);
    CHECK(mails.mails().empty());
    mails.start();
    wait_until([&] { return mails.mails().size() >= 5; });
    wait_until([&] { return it.metric(R"(outbox_unhandled{name="user_events"})") == 0; });
    for (int i = 0; i < 5; ++i) CHECK(mails.mails_to("u" + std::to_string(i) + "@example.com") == 1);
}

TEST_CASE("an address that the mail server refuses is given up, and the others get their mails") {
    mail_server mails("0");
    registering_shop it({"--mail.url", mails.url()});
    it.add_user("a", "refused@example.com");
    it.add_user("b", "b@example.com");
    wait_until([&] { return mails.mails_to("b@example.com") == 1; });
    it.program().line_with("mail refused");
    wait_until([&] { return it.metric(R"(outbox_relayed_total{name="user_events"})") == 3; });
}

TEST_CASE("mails wait while the mail server refuses the login") {
    mail_server mails("0", "new");
    registering_shop it({"--mail.url", mails.url_with("old")});
    it.add_user("a", "a@example.com");
    it.program().line_with("the mail server refuses the login of mail.url");
    mails.stop();
    mails.start("old");
    wait_until([&] { return mails.mails_to("a@example.com") == 1; });
}

TEST_CASE("mails of a program that is killed after its answer are sent after its restart, and points given once") {
    mail_server mails("0");
    registering_shop it({"--mail.url", mails.url(), "--queue.lease", "1s"});
    mails.stop();
    std::vector<user> added;
    for (int i = 0; i < 5; ++i) added.push_back(it.add_user("u", "u" + std::to_string(i) + "@example.com"));
    it.wait_for_points(added[0].id);
    it.program().signal(SIGKILL);
    CHECK(it.program().wait() == 128 + SIGKILL);
    CHECK(mails.mails().empty());
    mails.start();
    it.start();
    wait_until([&] { return mails.mails().size() >= 5; });
    for (const auto& one : added) it.wait_for_points(one.id);
    wait_until([&] { return it.metric(R"(outbox_unhandled{name="user_events"})") == 0; });
    for (int i = 0; i < 5; ++i) CHECK(mails.mails_to("u" + std::to_string(i) + "@example.com") == 1);
}

TEST_CASE("a stop while mails wait ends in time, and they are sent after the next start") {
    mail_server mails("0");
    registering_shop it({"--mail.url", mails.url()});
    mails.stop();
    it.add_user("u", "u@example.com");
    it.program().signal(SIGTERM);
    CHECK(it.program().wait() == 0);
    mails.start();
    it.start();
    wait_until([&] { return mails.mails_to("u@example.com") == 1; });
}

#endif
