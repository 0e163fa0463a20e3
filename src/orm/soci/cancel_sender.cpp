// SPDX-License-Identifier: MIT
#include "orm/soci/cancel_sender.hpp"

#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

constexpr duration patience_at_end = 250ms;

} // namespace

// Shared with the thread, which may outlive the sender.
struct cancel_sender::state {
    std::mutex mutex{};
    std::condition_variable posted{};
    std::condition_variable sent{};
    std::shared_ptr<cancel_request> first{};
    cancel_request* last = nullptr;
    bool has_thread = false;
    bool closed = false;

    std::shared_ptr<cancel_request> take(std::unique_lock<std::mutex>& held) {
        posted.wait(held, [this] { return closed || first; });
        if (closed) return nullptr;
        auto taken = std::move(first);
        first = std::move(taken->next_);
        if (!first) last = nullptr;
        return taken;
    }

    void serve() {
        std::unique_lock held(mutex);
        while (auto request = take(held)) {
            held.unlock();
            request->send();
            held.lock();
            request->under_way_ = false;
            sent.notify_all();
        }
        has_thread = false;
        sent.notify_all();
    }
};

cancel_sender::cancel_sender(std::string thread_name)
    : thread_name_(std::move(thread_name)), state_(std::make_shared<state>()) {}

cancel_sender::~cancel_sender() {
    std::unique_lock held(state_->mutex);
    state_->closed = true;
    while (state_->first) state_->first = std::move(state_->first->next_);
    state_->posted.notify_all();
    state_->sent.wait_for(held, patience_at_end, [this] { return !state_->has_thread; });
}

bool cancel_sender::post(const std::shared_ptr<cancel_request>& request) noexcept {
    const std::lock_guard held(state_->mutex);
    if (request->under_way_) return true;
    try {
        if (!state_->has_thread) {
            std::thread([kept = state_, name = thread_name_.substr(0, 15)] {
                pthread_setname_np(pthread_self(), name.c_str());
                kept->serve();
            }).detach();
            state_->has_thread = true;
        }
    } catch (...) {
        return false;
    }
    request->under_way_ = true;
    (state_->last ? state_->last->next_ : state_->first) = request;
    state_->last = request.get();
    state_->posted.notify_one();
    return true;
}

bool cancel_sender::under_way(const cancel_request& request) const noexcept {
    const std::lock_guard held(state_->mutex);
    return request.under_way_;
}

bool cancel_sender::wait_sent(const cancel_request& request, duration within) noexcept {
    std::unique_lock held(state_->mutex);
    return state_->sent.wait_for(held, within, [&] { return !request.under_way_; });
}

} // namespace weir::orm
