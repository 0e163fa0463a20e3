// SPDX-License-Identifier: MIT
// The cost of a value through a channel: sent and received without a wait, and back and forth between two tasks.
// --server weir|weir_try|asio_channel|asio_try --case ready|ping_pong|ping_pong_threads --values N: prints `ns` of CPU
// time per value.
#include "support/arguments.hpp"
#include "support/processor.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/task_group.hpp>

#include <boost/asio/experimental/concurrent_channel.hpp>

#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

namespace {

using weir::ok;
using weir::result;
using weir::task;

void expect(bool right) {
    if (!right) throw std::logic_error("a value is wrong");
}

// The operations of both kinds of channel under the same names.
struct weir_channel : weir::channel<int> {
    weir_channel(weir::loop&, std::size_t capacity) : channel(capacity) {}
};

class asio_channel {
public:
    asio_channel(weir::loop& home, std::size_t capacity) : values_(home.get_executor(), capacity) {}

    bool try_send(int value) { return values_.try_send(boost::system::error_code(), value); }
    std::optional<int> try_receive() {
        std::optional<int> got;
        values_.try_receive([&](boost::system::error_code, int value) { got = value; });
        return got;
    }
    auto send(int value) { return values_.async_send(boost::system::error_code(), value, weir::use_task); }
    auto receive() { return values_.async_receive(weir::use_task); }

private:
    boost::asio::experimental::concurrent_channel<weir::executor, void(boost::system::error_code, int)> values_;
};

int value_of(const result<int>& got) { return got ? *got : -1; }
int value_of(int got) { return got; }

template<class Channel>
task<result<void>> ready(Channel& values, int count) {
    for (int i = 0; i < count; ++i) {
        co_await values.send(std::move(i));
        auto got = co_await values.receive();
        expect(value_of(got) == i);
    }
    co_return ok();
}

template<class Channel>
void try_ready(Channel& values, int count) {
    for (int i = 0; i < count; ++i) {
        expect(values.try_send(int(i)));
        expect(values.try_receive() == i);
    }
}

template<class Channel>
task<result<void>> ping(Channel& there, Channel& back, int count) {
    for (int i = 0; i < count; ++i) {
        co_await there.send(std::move(i));
        auto got = co_await back.receive();
        expect(value_of(got) == i);
    }
    co_return ok();
}

template<class Channel>
task<result<void>> pong(Channel& there, Channel& back, int count) {
    for (int i = 0; i < count; ++i) {
        auto got = co_await there.receive();
        co_await back.send(value_of(got));
    }
    co_return ok();
}

template<class Channel>
void ping_pong(weir::loop& home, int count) {
    Channel there(home, 0);
    Channel back(home, 0);
    auto both = [&](weir::task_group& group) -> task<result<void>> {
        group.spawn(pong(there, back, count));
        co_return co_await ping(there, back, count);
    };
    home.block_on(weir::with_group(both)).value();
}

void ping_pong_threads(weir::loop& home, int count) {
    weir_channel there(home, 0);
    weir_channel back(home, 0);
    std::thread other([&] {
        weir::loop its;
        its.block_on(pong(there, back, count)).value();
    });
    home.block_on(ping(there, back, count)).value();
    other.join();
}

template<class Channel>
void run_case(const std::string& name, weir::loop& home, int values, bool tries) {
    Channel one(home, 1024);
    if (name == "ready" && tries)
        try_ready(one, values);
    else if (name == "ready")
        home.block_on(ready(one, values)).value();
    else if (name == "ping_pong" && !tries)
        ping_pong<Channel>(home, values / 2);
    else if (name == "ping_pong_threads" && std::is_same_v<Channel, weir_channel> && !tries)
        ping_pong_threads(home, values / 2);
    else
        throw std::invalid_argument("no such case: " + name);
}

void run(const weir::bench::arguments& given) {
    const auto& server = given.text("server");
    const auto& name = given.text("case");
    const auto values = given.number<int>("values");
    const bool tries = server == "weir_try" || server == "asio_try";
    std::thread([] {}).join(); // in a single-threaded process mutexes cost nothing
    weir::loop home;
    const double before = weir::bench::cpu_nanoseconds();
    if (server == "weir" || server == "weir_try")
        run_case<weir_channel>(name, home, values, tries);
    else if (server == "asio_channel" || server == "asio_try")
        run_case<asio_channel>(name, home, values, tries);
    else
        throw std::invalid_argument("no such server: " + server);
    std::printf("ns %.3f\n", (weir::bench::cpu_nanoseconds() - before) / values);
}

} // namespace

int main(int argc, char** argv) {
    try {
        run(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "channel_bench: %s\n", failure.what());
        return 2;
    }
    return 0;
}
