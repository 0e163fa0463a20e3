// SPDX-License-Identifier: MIT
#include "core/event.hpp"

#include "core/suspend_on_loop.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>
#include <doctest/doctest.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

using namespace weir;

namespace asio = boost::asio;

namespace {

using string_waiter = detail::loop_waiter<std::string>;

struct waiting_fixture {
    loop home;
    weir::context context{home};
    detail::event changed;
    asio::cancellation_signal cancel;
    int passed = 0;
    std::shared_ptr<string_waiter> waiter;
    std::string got;

    task<void> pass(bool interrupted) {
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        co_await asio::this_coro::throw_if_cancelled(false);
        if (interrupted)
            co_await changed.wait();
        else
            co_await changed.wait_uninterrupted();
        ++passed;
    }
    task<void> receive() {
        auto begin = [this](std::shared_ptr<string_waiter> mine) { waiter = std::move(mine); };
        got = co_await detail::suspend_on_loop<std::string>(begin);
        ++passed;
    }
    void spawn(task<void> work) {
        home.spawn(std::move(work), context, cancel, [](std::exception_ptr) {});
        home.poll();
    }
};

struct set_on_exit {
    bool& flag;
    ~set_on_exit() { flag = true; }
};

} // namespace

TEST_CASE_FIXTURE(waiting_fixture, "an event resumes its waiting coroutine within wake()") {
    CHECK(!changed);
    changed.wake(); // nothing waits
    spawn(pass(true));
    CHECK(changed);
    changed.wake();
    CHECK(passed == 1);
    CHECK(!changed);
    changed.wake();
    spawn(pass(false));
    changed.wake();
    CHECK(passed == 2);
}

TEST_CASE_FIXTURE(waiting_fixture, "wake_later() resumes the coroutine in a later turn, and once") {
    spawn(pass(true));
    changed.wake_later();
    changed.wake_later();
    changed.wake();
    CHECK(passed == 0);
    home.poll();
    CHECK(passed == 1);
}

TEST_CASE_FIXTURE(waiting_fixture, "cancellation ends wait()") {
    spawn(pass(true));
    cancel.emit(asio::cancellation_type::total);
    home.poll();
    CHECK(passed == 1);
    CHECK(!changed);
}

TEST_CASE_FIXTURE(waiting_fixture, "cancellation doesn't end wait_uninterrupted()") {
    spawn(pass(false));
    cancel.emit(asio::cancellation_type::total);
    home.poll();
    CHECK(passed == 0);
    changed.wake();
    CHECK(passed == 1);
}

TEST_CASE_FIXTURE(waiting_fixture, "a coroutine suspended on its loop is resumed once, with a value") {
    spawn(receive());
    REQUIRE(waiter);
    CHECK(!waiter->resumed());
    waiter->resume("first");
    CHECK(got == "first");
    CHECK(waiter->resumed());
    waiter->resume("second");
    waiter->post("third");
    home.poll();
    CHECK(got == "first");
    CHECK(passed == 1);
}

TEST_CASE_FIXTURE(waiting_fixture, "post() resumes a suspended coroutine in a later turn") {
    spawn(receive());
    waiter->post("later");
    CHECK(waiter->resumed());
    CHECK(passed == 0);
    home.poll();
    CHECK(got == "later");
}

TEST_CASE_FIXTURE(waiting_fixture, "a suspended coroutine is cancelled by its waiter's slot until it is resumed") {
    spawn(receive());
    waiter->slot().assign([this](asio::cancellation_type) { waiter->resume("cancelled"); });
    cancel.emit(asio::cancellation_type::terminal);
    home.poll();
    CHECK(got == "cancelled");
    CHECK(passed == 1);
    CHECK(!waiter->slot().is_connected());
}

TEST_CASE_FIXTURE(waiting_fixture, "a suspended coroutine is destroyed with its last waiter pointer") {
    bool gone = false;
    auto work = [](waiting_fixture& in, bool& flag) -> task<void> {
        const set_on_exit guard{flag};
        co_await in.receive();
    };
    spawn(work(*this, gone));
    CHECK(!gone);
    waiter.reset();
    home.poll();
    CHECK(gone);
    CHECK(passed == 0);
}
