// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// Room for the one completion handler that resumes a suspended coroutine, without an allocation.
/// Belongs to one loop.
class resume_slot {
public:
    resume_slot() = default;
    resume_slot(const resume_slot&) = delete;
    resume_slot& operator=(const resume_slot&) = delete;
    ~resume_slot() {
        if (drop_) drop_(room_);
    }

    explicit operator bool() const noexcept { return call_ != nullptr; }

    template<class Handler>
    void store(Handler handler) {
        static_assert(sizeof(Handler) <= sizeof(room_) && std::is_nothrow_move_constructible_v<Handler>);
        new (room_) Handler(std::move(handler));
        call_ = [](void* at) {
            Handler taken = take<Handler>(at);
            std::move(taken)();
        };
        drop_ = [](void* at) { take<Handler>(at); };
    }

    /// Resumes who waits; the slot is free again by then.
    void resume() {
        auto* const call = std::exchange(call_, nullptr);
        drop_ = nullptr;
        call(room_);
    }

private:
    template<class Handler>
    static Handler take(void* at) noexcept {
        auto* const stored = static_cast<Handler*>(at);
        Handler taken = std::move(*stored);
        stored->~Handler();
        return taken;
    }

    alignas(std::max_align_t) std::byte room_[32];
    void (*call_)(void*) = nullptr;
    void (*drop_)(void*) = nullptr;
};

} // namespace weir::detail
