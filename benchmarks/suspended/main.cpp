// SPDX-License-Identifier: MIT
// The memory of a task while it waits, with many waiting at once: in a handler reached like a server's, by the bytes of
// a request and the router, or started on the loop.
// --case handler|nested|task --count N: prints `bytes`, the growth of resident memory per task, and `heap_bytes`,
// malloc's figure. A wrong or missing response is an error, and so is memory that a second round doesn't release.
#include "http/server/session.hpp"
#include "support/arguments.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/loop.hpp>
#include <weir/http/router.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <fstream>
#include <malloc.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using weir::result;
using weir::task;
namespace detail = weir::http::detail;

using gate = weir::channel<int>;

void expect(bool right, const char* what) {
    if (!right) throw std::logic_error(what);
}

std::string feed_text(std::int64_t user, int news) {
    return "{\"user\":" + std::to_string(user) + ",\"news\":" + std::to_string(news) + "}";
}

task<result<std::string>> wait_for_feed(gate& news, std::int64_t user) {
    auto came = co_await news.receive();
    if (!came) co_return came.error();
    co_return feed_text(user, *came);
}

task<result<std::string>> read_feed(gate& news, std::int64_t user) {
    auto feed = co_await wait_for_feed(news, user);
    co_return feed;
}

using user_id = weir::path<"id", std::int64_t>;

weir::router routes(gate& news, bool nested) {
    weir::router app;
    auto handler = [&news](user_id id) -> task<result<std::string>> {
        auto came = co_await news.receive();
        if (!came) co_return came.error();
        co_return feed_text(*id, *came);
    };
    auto nested_handler = [&news](user_id id) -> task<result<std::string>> {
        auto feed = co_await read_feed(news, *id);
        co_return feed;
    };
    nested ? app.get("/users/{id}/feed", nested_handler) : app.get("/users/{id}/feed", handler);
    return app;
}

// Many tasks that wait for the gate; each gets a different number.
class waiting_work {
public:
    virtual ~waiting_work() = default;

    virtual void begin() = 0;
    // Releases memory that is kept for reuse.
    virtual void rest() = 0;
    void finish_one(int news) { received_.at(static_cast<std::size_t>(news)) += 1; }

    std::size_t size() const noexcept { return received_.size(); }
    // Since the last call.
    bool each_received_once() {
        const bool right = std::ranges::all_of(received_, [](int times) { return times == 1; });
        std::ranges::fill(received_, 0);
        return right;
    }

protected:
    explicit waiting_work(std::size_t count) : received_(count) {}

private:
    std::vector<int> received_;
};

// A session's peer: sends a request and checks the response.
class peer final : public detail::transport {
public:
    peer(detail::session_host& host, std::int64_t user, waiting_work& of)
        : user_(user), of_(of), machine_(host, *this, "203.0.113.7") {}

    void ask() {
        std::string request =
            "GET /users/" + std::to_string(user_) +
            "/feed?limit=20 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: suspended/1.0\r\n"
            "Accept: application/json\r\n"
            "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n\r\n";
        machine_.receive({request.data(), request.size()});
    }
    void tick(weir::time_point now) { machine_.tick(now); }

    bool write(std::string_view output) override {
        const std::string_view body = output.substr(std::min(output.find("\r\n\r\n"), output.size() - 4) + 4);
        const std::string_view digits = body.substr(std::min(body.rfind(':') + 1, body.size()));
        int news = -1;
        std::from_chars(digits.data(), digits.data() + digits.size(), news);
        expect(output.starts_with("HTTP/1.1 200 ") && body == feed_text(user_, news), "an answer is wrong");
        of_.finish_one(news);
        return true;
    }
    bool send_file(std::string_view head, const weir::http::file_range&) override { return write(head); }
    std::uint64_t untaken() override { return 0; }
    void finish(bool) override { abort(); }
    void abort() override { expect(false, "a connection ended"); }
    void resume_input() override {}

private:
    std::int64_t user_;
    waiting_work& of_;
    detail::session machine_;
};

// Handlers on connections that exist already.
class requests final : public waiting_work {
public:
    requests(weir::loop& home, gate& news, bool nested, std::size_t count)
        : waiting_work(count), home_(home), app_(routes(news, nested)) {
        for (std::size_t i = 0; i < count; ++i)
            peers_.emplace_back(host_, 1'000'000 + static_cast<std::int64_t>(i), *this);
    }

    void begin() override {
        for (auto& one : peers_) one.ask();
    }
    // A server does this to a connection that has been idle for a second.
    void rest() override {
        for (auto& one : peers_) one.tick(home_.now());
    }

private:
    weir::loop& home_;
    weir::router app_;
    detail::session_host host_{home_, app_.table(), weir::http::limits{}};
    std::deque<peer> peers_;
};

// Tasks started on the loop.
class tasks final : public waiting_work {
public:
    tasks(weir::loop& home, gate& news, std::size_t count) : waiting_work(count), home_(home), news_(news) {}

    void begin() override {
        for (std::size_t i = 0; i < size(); ++i) home_.spawn(wait());
    }
    void rest() override {}

private:
    task<void> wait() {
        auto came = co_await news_.receive();
        finish_one(came.value());
    }

    weir::loop& home_;
    gate& news_;
};

std::unique_ptr<waiting_work> work_of(const std::string& name, weir::loop& home, gate& news, std::size_t count) {
    if (name == "task") return std::make_unique<tasks>(home, news, count);
    if (name == "handler" || name == "nested") return std::make_unique<requests>(home, news, name == "nested", count);
    throw std::invalid_argument("no such case: " + name);
}

struct memory {
    double resident = 0;
    double heap = 0;

    memory operator-(const memory& other) const { return {resident - other.resident, heap - other.heap}; }
};

double resident_bytes() {
    std::ifstream file("/proc/self/smaps_rollup");
    std::string word;
    double kib = 0;
    while (file >> word && word != "Rss:") {
    }
    expect(static_cast<bool>(file >> kib), "the kernel doesn't say what is resident");
    return kib * 1024;
}

memory used() {
    const auto heap = mallinfo2();
    return {resident_bytes(), static_cast<double>(heap.uordblks) + static_cast<double>(heap.hblkhd)};
}

task<void> open(gate& news, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        auto sent = co_await news.send(static_cast<int>(i));
        sent.value();
    }
}

class measurement {
public:
    measurement(const std::string& name, std::size_t count) : work_(work_of(name, home_, news_, count)) {}

    // The memory of all tasks while they wait.
    memory round() {
        const memory before = at_rest();
        home_.post([this] { work_->begin(); });
        home_.poll();
        expect(news_.stats().waiting_receivers == work_->size(), "not all of them wait");
        const memory taken = used() - before;
        home_.spawn(open(news_, work_->size()));
        while (home_.poll() != 0) {
        }
        expect(work_->each_received_once(), "answers are missing");
        return taken;
    }

    memory at_rest() {
        time_.advance(std::chrono::seconds(2));
        home_.refresh();
        home_.post([this] { work_->rest(); });
        home_.poll();
        malloc_trim(0);
        return used();
    }

private:
    weir::manual_clock time_;
    weir::loop home_{time_};
    gate news_{0};
    std::unique_ptr<waiting_work> work_;
};

void run(const weir::bench::arguments& given) {
    const auto count = given.number<std::size_t>("count");
    expect(count > 0, "count is at least 1");
    measurement(given.text("case"), 1).round(); // allocations that a process makes once
    measurement all(given.text("case"), count);
    const memory first = all.round();
    const memory once = all.at_rest();
    const memory second = all.round();
    const memory kept = all.at_rest() - once;
    const auto each = static_cast<double>(count);
    expect(kept.heap < each && second.heap < first.heap + each, "a second round needs more than the first");
    std::printf("bytes %.1f\nheap_bytes %.1f\n", first.resident / each, first.heap / each);
    std::printf("second_bytes %.1f\nkept_bytes %.2f\n", second.resident / each, kept.heap / each);
}

} // namespace

int main(int argc, char** argv) {
    try {
        run(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "suspended_bench: %s\n", failure.what());
        return 2;
    }
    return 0;
}
