// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/orm/drill.hpp"
#include "support/descriptors.hpp"
#include <weir/core/deadline.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#ifdef WEIR_TEST_POSTGRES

#ifdef __SANITIZE_ADDRESS__
// SOCI leaks a connection's memory if its first statement fails.
extern "C" const char* __lsan_default_suppressions() { return "leak:libsoci_postgresql\n"; } // NOLINT
#endif

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

using tcp = boost::asio::ip::tcp;

// Speaks PostgreSQL's protocol up to the first query, and never answers one, like a proxy in front of a dead server.
class mute_postgres {
public:
    mute_postgres() : thread_([this] { serve(); }) {}
    mute_postgres(const mute_postgres&) = delete;
    mute_postgres& operator=(const mute_postgres&) = delete;
    ~mute_postgres() {
        io_.stop();
        thread_.join();
    }

    std::string url() const {
        return "postgresql://weir@127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
               "/weir?sslmode=disable&gssencmode=disable";
    }
    int greeted() const { return greeted_; }
    // The number of connections that the other side has closed.
    int left() const { return left_; }

private:
    struct client {
        tcp::socket socket;
        std::array<char, 512> room{};
    };

    void serve() {
        accept();
        io_.run();
    }

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code failed, tcp::socket socket) {
            if (failed) return;
            greet(std::make_shared<client>(client{std::move(socket)}));
            accept();
        });
    }

    void greet(const std::shared_ptr<client>& one) {
        using namespace std::string_view_literals;
        static constexpr auto greeting =
            "R\0\0\0\x08\0\0\0\0"
            "S\0\0\0\x18server_version\0"
            "15.0\0"
            "K\0\0\0\x0c\0\0\0\1\0\0\0\2"
            "Z\0\0\0\5I"sv;
        one->socket.async_read_some(boost::asio::buffer(one->room), [this, one](auto failed, std::size_t) {
            if (failed) return;
            boost::asio::write(one->socket, boost::asio::buffer(greeting), failed);
            ++greeted_;
            ignore(one);
        });
    }

    void ignore(const std::shared_ptr<client>& one) {
        one->socket.async_read_some(boost::asio::buffer(one->room), [this, one](auto failed, std::size_t) {
            if (!failed) return ignore(one);
            ++left_;
        });
    }

    boost::asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
    std::atomic<int> greeted_ = 0;
    std::atomic<int> left_ = 0;
    std::thread thread_;
};

template<class Condition>
void until(Condition holds) {
    const auto late = std::chrono::steady_clock::now() + 60s;
    while (!holds()) {
        REQUIRE_MESSAGE(std::chrono::steady_clock::now() < late, "what the test waits for doesn't come");
        std::this_thread::yield();
    }
}

database_options options_for(const mute_postgres& server) {
    database_options made = patient(server.url());
    made.pool.maximum_pool_size = 1;
    return made;
}

} // namespace

TEST_CASE("a server that accepts but never answers fails the opening in time, and the slot is freed") {
    const mute_postgres server;
    database_options chosen = options_for(server);
    chosen.connect_timeout = 1ms; // libpq raises it to two seconds, so the opening takes four
    database db(chosen);
    loop home;
    const auto before = test_support::open_descriptors();
    for (int tries = 1; tries <= 2; ++tries) {
        const auto failed = home.block_on(db.open()).error();
        CHECK(failed == errc::unavailable);
        CHECK(failed.message() == "the database can't be reached");
        CHECK(server.greeted() == tries);
        CHECK(db.stats().writing.total() == 0);
    }
    until([&] { return server.left() == 2 && test_support::open_descriptors() == before; });
}

TEST_CASE("a database closes at once during an opening to a server that never answers") {
    const mute_postgres server;
    database db(options_for(server));
    loop home;
    {
        pending<void> opening(home, db.open());
        until([&] { return server.greeted() == 1; });
        opening.stop();
        CHECK(opening.wait_on(home).error() == errc::cancelled);
    }
    CHECK(home.block_on(db.close()));
    until([&] { return server.left() == 1; });
}

TEST_CASE("a close with a deadline fails the calls that wait for a server that never answers") {
    const mute_postgres server;
    database db(options_for(server));
    loop home;
    pending<std::vector<std::int64_t>> waits(home, db.query<std::int64_t>("SELECT 1"));
    until([&] { return server.greeted() == 1; });
    auto close = [&]() -> task<result<void>> { co_return co_await db.close(); };
    const auto late = home.block_on(with_deadline(home.clock().now() + 100ms, close())).error();
    CHECK(late == errc::deadline_exceeded);
    CHECK(waits.wait_on(home).error() == errc::unavailable);
}

#endif

#ifdef WEIR_SERVERS

namespace {

// The silence limits of this process's connections to that port.
std::vector<unsigned> silences_of(std::uint16_t port) {
    std::vector<unsigned> found;
    for (int number = 0; number < 1024; ++number) {
        sockaddr_in peer{};
        socklen_t size = sizeof(peer);
        if (::getpeername(number, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) continue;
        unsigned limit = 0;
        size = sizeof(limit);
        CHECK(::getsockopt(number, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, &size) == 0);
        found.push_back(limit);
    }
    return found;
}

} // namespace

// Longer limits would be the marks by which PostgreSQL's sockets are found during an opening.
SERVER_TEST_CASE(
    "a silent connection ends after connect_timeout, at least 2 s; from 15 minutes on the kernel's limit applies") {
    drill on(kind);
    const testing::fault_proxy line(on.server.port()); // its port is used by this test only
    const std::vector<std::pair<duration, unsigned>> all{
        {1s, 2'000}, {2s, 2'000}, {2500ms + 1ns, 2'501}, {15min - 1ms, 899'999},
        {15min, 0U}, {1h, 0U},    {1h + 7ms, 0U},        {duration::max(), 0U},
    };
    for (const auto& [timeout, limit] : all) {
        auto chosen = over(line, kind, on.where.options());
        chosen.connect_timeout = timeout;
        database db(chosen);
        CHECK(on.home.block_on(db.query<std::int64_t>("SELECT 1")));
        // each connection has a second descriptor
        CHECK(silences_of(line.port()) == std::vector<unsigned>(2, limit));
    }
}

#ifdef WEIR_TEST_POSTGRES
TEST_CASE("a silence limit in the URL is kept") {
    drill on(postgres);
    const testing::fault_proxy line(on.server.port());
    auto chosen = over(line, postgres, on.where.options());
    chosen.url += chosen.url.find('?') == std::string::npos ? "?" : "&";
    chosen.url += "tcp_user_timeout=4321";
    database db(chosen);
    CHECK(on.home.block_on(db.query<std::int64_t>("SELECT 1")));
    CHECK(silences_of(line.port()) == std::vector<unsigned>(2, 4321));
}
#endif

SERVER_TEST_CASE("a close with a deadline cancels running statements") {
    drill on(kind);
    on.open(1);
    std::promise<void> begun;
    auto body = [&](orm::reader& r) {
        begun.set_value();
        return r.query<std::int64_t>(kind.endless);
    };
    pending<std::vector<std::int64_t>> call(on.home, on.db->read(body));
    begun.get_future().wait();
    auto close = [&]() -> task<result<void>> { co_return co_await on.db->close(); };
    const auto late = on.home.block_on(with_deadline(on.home.clock().now() + 100ms, close())).error();
    CHECK(late == errc::deadline_exceeded);
    CHECK(call.wait_on(on.home).error() == errc::cancelled);
}

#endif
