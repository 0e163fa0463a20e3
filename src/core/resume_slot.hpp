// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// Storage for the one completion handler that resumes a suspended coroutine, without an allocation. Belongs to one
/// loop.
class resume_slot {
public:
    resume_slot() = default;
    resume_slot(const resume_slot&) = delete;
    resume_slot& operator=(const resume_slot&) = delete;
    ~resume_slot() {
        if (end_) end_(room_, false);
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
        end_ = [](void* at, bool posts) {
            Handler taken = take<Handler>(at);
            const auto home = boost::asio::get_associated_executor(taken);
            if (posts) boost::asio::post(home, std::move(taken));
        };
    }

    /// Resumes the waiting coroutine within the call, by when the slot is free again.
    void resume() {
        auto* const call = std::exchange(call_, nullptr);
        end_ = nullptr;
        call(room_);
    }
    /// Resumes the coroutine in a later turn of its loop; the slot is free at once.
    void post() {
        call_ = nullptr;
        std::exchange(end_, nullptr)(room_, true);
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
    void (*end_)(void*, bool posts) = nullptr; // without a call: posts or drops the handler
};

} // namespace weir::detail
