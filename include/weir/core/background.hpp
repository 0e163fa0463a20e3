// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/core/task.hpp>

#include <memory>
#include <utility>

namespace weir {

namespace detail {

struct background_work;

} // namespace detail

/// Background work of a loop that someone stops: what `loop::start` returns. It counts as background work as that of
/// `in_background` does: a server that stops waits for it, and an exception out of it goes where the loop's go. The
/// handle cancels it when it is destroyed or gets another, and doesn't wait; it may outlive the work and the loop.
/// Belongs to one loop.
///
///     weir::background refresh = loop.start(refresh_prices(cache));
///     co_await refresh.stop();
class [[nodiscard]] background {
public:
    /// No work: as one whose work has ended.
    background() noexcept = default;
    explicit background(std::shared_ptr<detail::background_work> work) noexcept : work_(std::move(work)) {}
    background(background&& other) noexcept = default;
    background& operator=(background&& other) noexcept;
    ~background() { cancel(); }

    /// Cancels the work and waits for its end; at once where it has ended. Work that hasn't begun never begins.
    /// errc::cancelled and errc::deadline_exceeded end the wait; the work still ends. errc::cancelled at once, where
    /// the work itself or a task with its context asks, which can't wait for itself.
    task<result<void>> stop() const;

    /// Cancels the work, which ends in its own time.
    void cancel() const noexcept;

    bool running() const noexcept;

private:
    std::shared_ptr<detail::background_work> work_{};
};

} // namespace weir
