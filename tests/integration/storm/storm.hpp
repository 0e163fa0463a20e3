// SPDX-License-Identifier: MIT
#pragma once

#include "integration/orm/backends.hpp"
#include "support/loopback.hpp"
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

// A service in front of a database, and a crowd of clients: a few useful ones and many harmful ones.
namespace storm {

using tcp = boost::asio::ip::tcp;

enum class farewell : std::uint8_t { fin, reset };

inline weir::database_options database_for(const orm_test::empty_database& where, std::size_t connections) {
    auto made = where.options();
    made.pool.maximum_pool_size = connections;
    made.readers = connections;
    return made;
}

// `/good` runs a quick query, `/slow` one that never ends, and `/hurried` the same with a deadline.
class service {
public:
    service(const orm_test::backend& kind, const weir::database_options& options, weir::duration deadline)
        : db_(options), server_(routes(kind, db_, deadline), test_support::loopback(2)) {
        server_.start().value();
    }

    std::uint16_t port() const { return server_.port(); }
    weir::orm::pool_stats pool() const {
        const auto stats = db_.stats();
        return stats.reading.maximum == 0 ? stats.writing : stats.reading;
    }

    // Whether all requests of departed clients have ended; false after a minute.
    bool calms_down() const {
        const auto late = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (pool().active + pool().pending > 0) {
            if (std::chrono::steady_clock::now() > late) return false;
            std::this_thread::yield();
        }
        return true;
    }

private:
    static weir::task<weir::result<std::string>> ask(weir::database& db, const char* sql) {
        const auto got = co_await db.query<std::int64_t>(sql);
        if (!got) co_return got.error();
        co_return "answered";
    }

    static weir::router routes(const orm_test::backend& kind, weir::database& db, weir::duration deadline) {
        weir::router made;
        made.get("/good", [&db] { return ask(db, "SELECT 1"); });
        made.get("/slow", [&db, &kind] { return ask(db, kind.endless); });
        made.route("/hurried", [&](weir::router& hurried) {
            hurried.timeout(deadline);
            hurried.get("/slow", [&db, &kind] { return ask(db, kind.endless); });
        });
        return made;
    }

    weir::database db_;
    weir::http::server server_;
};

inline std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: storm\r\n\r\n";
}

// The client side of a connection. Ignores write failures: the missing answer reveals them.
class client {
public:
    explicit client(weir::loop& home) : socket_(home.io().get_executor()) {}

    weir::task<void> connect(std::uint16_t port) {
        const tcp::endpoint there(boost::asio::ip::address_v4::loopback(), port);
        co_await socket_.async_connect(there, quietly);
    }

    weir::task<void> send(const std::string& bytes) {
        co_await boost::asio::async_write(socket_, boost::asio::buffer(bytes), quietly);
    }

    // The status of the next answer, which has a short body; 0 if the server closed the connection.
    weir::task<int> answer() {
        const auto [ended, head] =
            co_await boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(got_), "\r\n\r\n", quietly);
        stays_ = !ended && got_.find("onnection: close") >= head;
        if (ended) co_return 0;
        const int status = std::stoi(got_.substr(9, 3));
        const std::size_t field = got_.find("ontent-length: ");
        const std::size_t body = field < head ? std::stoul(got_.substr(field + 15)) : 0;
        while (got_.size() < head + body) {
            std::array<char, 1024> room;
            const auto [failed, size] = co_await socket_.async_read_some(boost::asio::buffer(room), quietly);
            if (failed) co_return 0;
            got_.append(room.data(), size);
        }
        got_.erase(0, head + body);
        co_return status;
    }

    // Whether the server keeps the connection open.
    bool stays() const { return stays_; }

    void leave(farewell how) {
        boost::system::error_code ignored;
        if (how == farewell::reset) socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
        socket_.close(ignored);
    }

private:
    static constexpr auto quietly = boost::asio::as_tuple(weir::use_task);

    tcp::socket socket_;
    std::string got_;
    bool stays_ = true;
};

// Clients on their own loop, which arrive until the storm is over.
struct crowd {
    const service& at;
    weir::loop home{};
    int hang_ups_left = 0;
    bool over = false;
    int present = 0;
    int served = 0;      // successful calls of the good clients
    std::string wrong{}; // unexpected statuses; 0: the server closed the connection

    // Runs until all clients have left.
    void run() {
        while (present > 0) home.run_one();
    }

    void add(weir::task<void> one) {
        ++present;
        home.spawn(stay(std::move(one)));
    }

    // Repeats: a client sends a request and hangs up without waiting for the answers.
    weir::task<void> hang_up(farewell how, std::string requests, weir::duration pause) {
        while (hang_ups_left > 0) {
            --hang_ups_left;
            client one(home);
            co_await one.connect(at.port());
            co_await one.send(requests);
            one.leave(how);
            co_await weir::sleep_for(pause);
        }
        over = true;
    }

    // A client that waits for its answers: its calls all come too late.
    weir::task<void> wait(std::string request) {
        while (!over) {
            client one(home);
            co_await one.connect(at.port());
            while (!over && one.stays()) {
                co_await one.send(request);
                const int status = co_await one.answer();
                if (status != 503 && status != 504) wrong += std::to_string(status) + " ";
            }
        }
    }

    // A client with quick calls, one after the other, and a pause between them.
    weir::task<void> call(weir::duration pause) {
        const std::string request = get("/good");
        client one(home);
        co_await one.connect(at.port());
        while (!over) {
            co_await one.send(request);
            const int status = co_await one.answer();
            if (status == 200)
                ++served;
            else
                wrong += std::to_string(status) + " ";
            if (!one.stays()) co_return;
            co_await weir::sleep_for(pause);
        }
    }

    weir::task<void> end_after(weir::duration length) {
        co_await weir::sleep_for(length);
        over = true;
    }

private:
    weir::task<void> stay(weir::task<void> one) {
        co_await std::move(one);
        --present;
    }
};

} // namespace storm
