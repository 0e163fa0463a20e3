// SPDX-License-Identifier: MIT
// Work that ends in the same turn in which it is cancelled; meant for AddressSanitizer.
#include "core/event.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// One task waits for it, even when it is cancelled.
class gate {
public:
    task<void> opened() { return opened_.wait_uninterrupted(); }
    void open() { opened_.wake(); }

private:
    detail::event opened_;
};

task<result<void>> pass(gate& through) {
    co_await through.opened();
    co_return ok();
}

task<void> keep(task<result<void>> work, std::optional<result<void>>& outcome) { outcome = co_await std::move(work); }

} // namespace

TEST_CASE("work may end in the turn in which its deadline passes") {
    manual_clock time;
    loop home(time);
    gate door;
    std::optional<result<void>> outcome;
    home.spawn(keep(with_deadline(time.now() + 1s, pass(door)), outcome));
    home.poll();
    home.post([&door] { door.open(); });
    time.advance(1s);
    home.poll(); // the deadline fires first, then the work ends, then it gets the cancellation
    REQUIRE(outcome);
    CHECK(outcome->error() == errc::deadline_exceeded);
}

TEST_CASE("a spawned task may end in the turn in which it is cancelled, along with its signal") {
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
