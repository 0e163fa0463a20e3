// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/mq/message.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// Remembers the ids of handled messages. Implementations are process-wide and must outlive the handlers that use them.
/// One store serves one group: another group handles the same ids.
class seen_ids {
public:
    virtual ~seen_ids() = default;

    /// Reserves an id for the caller, who then calls `finish` or `abandon`; false if it was handled already.
    /// errc::unavailable with the code `in_progress` while another caller handles it.
    virtual task<result<bool>> begin(std::string_view id) = 0;
    /// Remembers the id as handled.
    virtual task<result<void>> finish(std::string_view id) = 0;
    /// Ends the reservation, so that the id can be handled again. Never throws; any thread.
    virtual void abandon(std::string_view id) noexcept = 0;
};

struct memory_seen_ids_options {
    std::size_t max_ids = 100'000;         ///< the oldest handled ids are then forgotten
    duration keep = std::chrono::hours(1); ///< time after which a handled id is forgotten
    const weir::clock* clock = nullptr;    ///< null: the machine's
};

struct memory_seen_ids_stats {
    std::size_t handled = 0;
    std::size_t in_progress = 0;
    std::uint64_t repeated = 0; ///< messages recognised as handled
    std::uint64_t evicted = 0;  ///< ids forgotten for lack of room
};

/// Remembers ids in the process's memory: detects redeliveries to this process, but none after a restart.
class memory_seen_ids final : public seen_ids {
public:
    explicit memory_seen_ids(memory_seen_ids_options options = {});
    ~memory_seen_ids() override;

    task<result<bool>> begin(std::string_view id) override;
    task<result<void>> finish(std::string_view id) override;
    void abandon(std::string_view id) noexcept override;

    memory_seen_ids_stats stats() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

namespace mq::detail {

// Ends a reservation unless its message was handled, also if the handler's task is destroyed.
class reservation {
public:
    reservation(seen_ids& in, std::string_view id) noexcept : in_(in), id_(id) {}
    reservation(const reservation&) = delete;
    reservation& operator=(const reservation&) = delete;
    ~reservation() {
        if (!finished_) in_.abandon(id_);
    }

    void finished() noexcept { finished_ = true; }

private:
    seen_ids& in_;
    std::string_view id_;
    bool finished_ = false;
};

template<class F>
task<result<void>> handle_once(seen_ids& ids, std::shared_ptr<F> f, delivery& of) {
    const std::string& id = of->id;
    const auto fresh = co_await ids.begin(id);
    if (!fresh) co_return fresh.error();
    if (!*fresh) co_return ok();
    reservation mine(ids, id);
    auto handling = [&] { return (*f)(of); };
    auto ended = co_await resilience::detail::call(handling);
    if (!ended) co_return ended;
    mine.finished();
    co_return co_await ids.finish(id);
}

} // namespace mq::detail

/// Wraps a handler, so that a message whose id was handled before succeeds without a call. Messages are handled once
/// as long as the store remembers; a crash between the handler's effect and `finish` leads to a second call. To rule
/// that out, write the id in the handler's own database transaction.
///
///     queue.consume(loop, options, weir::idempotent(ids, [&](weir::delivery& of) { return points.add(of); }));
template<class F>
auto idempotent(seen_ids& ids, F handler) {
    return [&ids, f = std::make_shared<F>(std::move(handler))](delivery& of) {
        return mq::detail::handle_once(ids, f, of);
    };
}

} // namespace weir
