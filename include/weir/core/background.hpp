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

/// A handle to background work on a loop; `loop::start` returns it. The work counts like that of `in_background`: a
/// stopping server waits for it, and an uncaught exception propagates out of the loop. Destroying the handle or
/// assigning to it cancels the work without waiting. The handle may outlive the work and the loop. Belongs to one loop.
///
///     weir::background refresh = loop.start(refresh_prices(cache));
///     co_await refresh.stop();
class [[nodiscard]] background {
public:
    /// An empty handle, which behaves as if its work had ended.
    background() noexcept = default;
    explicit background(std::shared_ptr<detail::background_work> work) noexcept : work_(std::move(work)) {}
    background(background&& other) noexcept = default;
    background& operator=(background&& other) noexcept;
    ~background() { cancel(); }

    /// Cancels the work and waits until it ends; returns at once if it has ended already. Work that hasn't begun never
    /// begins. errc::cancelled and errc::deadline_exceeded end the wait but not the work. Called by the work itself, or
    /// by a task with the work's context, it returns errc::cancelled at once, because that task can't wait for itself.
    task<result<void>> stop() const;

    /// Cancels the work without waiting for its end.
    void cancel() const noexcept;

    bool running() const noexcept;

private:
    std::shared_ptr<detail::background_work> work_{};
};

} // namespace weir
