// SPDX-License-Identifier: MIT
// Work that ends by itself in the very turn in which it is cancelled; meant for AddressSanitizer.
#include "core/resume_slot.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Waited for by one task, whatever it is told meanwhile.
class gate {
public:
    task<void> opened() {
        auto start = [this](auto handler) { waiting_.store(std::move(handler)); };
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void()>(start, use_task);
    }
    void open() { waiting_.resume(); }

private:
    detail::resume_slot waiting_;
};

task<result<void>> pass(gate& through) {
    co_await through.opened();
    co_return ok();
}

task<void> keep(task<result<void>> work, std::optional<result<void>>& outcome) { outcome = co_await std::move(work); }

} // namespace

TEST_CASE("work may end in the turn in which its deadline comes") {
    manual_clock time;
    loop home(time);
    gate door;
    std::optional<result<void>> outcome;
    home.spawn(keep(with_deadline(time.now() + 1s, pass(door)), outcome));
    home.poll();
    home.post([&door] { door.open(); });
    time.advance(1s);
    home.poll(); // the deadline comes first, then the work ends, and then it hears of the deadline
    REQUIRE(outcome);
    CHECK(outcome->error() == errc::deadline_exceeded);
}

TEST_CASE("a spawned task may end in the turn in which it is cancelled, and its signal with it") {
    loop home;
    context ctx(home);
    gate door;
    auto cancel = std::make_unique<boost::asio::cancellation_signal>();
    bool done = false;
    home.spawn([](gate& through) -> task<void> { co_await through.opened(); }(door), ctx, *cancel,
               [&](std::exception_ptr failed) {
                   CHECK(!failed);
                   cancel.reset();
                   done = true;
               });
    home.poll();
    home.post([&door] { door.open(); });
    cancel->emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(done);
    CHECK(!cancel);
}
