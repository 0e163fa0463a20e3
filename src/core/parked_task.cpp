// SPDX-License-Identifier: MIT
#include "core/outside_work.hpp"
#include <weir/core/parked_task.hpp>

#include <boost/asio/execution.hpp>
#include <boost/asio/require.hpp>

#include <utility>

namespace weir::detail {

namespace asio = boost::asio;

namespace {

// Provides the storage of a parked task to one operation at a time.
template<class T>
class parking_allocator {
public:
    using value_type = T;

    explicit parking_allocator(std::array<std::byte, 64>& room) noexcept : room_(&room) {}
    template<class U>
    parking_allocator(const parking_allocator<U>& other) noexcept : room_(other.room()) {}

    T* allocate(std::size_t) noexcept {
        static_assert(sizeof(T) <= sizeof(*room_) && alignof(T) <= alignof(std::max_align_t));
        return reinterpret_cast<T*>(room_->data());
    }
    void deallocate(T*, std::size_t) noexcept {}

    std::array<std::byte, 64>* room() const noexcept { return room_; }
    friend bool operator==(const parking_allocator& a, const parking_allocator& b) noexcept {
        return a.room_ == b.room_;
    }

private:
    std::array<std::byte, 64>* room_;
};

} // namespace

// The handler posted to the loop. A loop that ends destroys it instead of calling it, and the task's frame with it.
class parked_task::resume_handler {
public:
    explicit resume_handler(parked_task& to) noexcept : to_(&to) {}
    resume_handler(resume_handler&& other) noexcept : to_(std::exchange(other.to_, nullptr)) {}
    resume_handler& operator=(resume_handler&&) = delete;
    ~resume_handler() {
        if (to_) const handler dropped(std::move(*to_->handler_));
    }

    void operator()() { std::exchange(to_, nullptr)->resume(); }

private:
    parked_task* to_;
};

parked_task::parked_task(task_frame& frame) noexcept
    : frame_(frame), home_(executor_of(frame).context().loop()), outside_(home_.outside()) {}

parked_task::~parked_task() { leave(); }

void parked_task::arm() {
    const executor here = executor_of(frame_);
    const time_point at = here.context().deadline();
    if (at != time_point::max()) deadline_ = home_.call_at(at, [this] { end_wait(wake_cause::deadline); });
    auto slot = cancellation_of(frame_).slot();
    if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { end_wait(wake_cause::cancellation); });
}

void parked_task::disarm() noexcept {
    cancellation_of(frame_).slot().clear();
    leave();
}

void parked_task::park() noexcept {
    work_.emplace(home_.io().get_executor());
    home_.parked().add(*this);
    frame_.after_suspend([](void* self) { static_cast<parked_task*>(self)->suspended(); }, this);
}

void parked_task::yield() noexcept {
    claim(wake_cause::none);
    yields_ = true;
    park();
}

// Runs before this turn of the loop is over, so before the task can resume.
void parked_task::suspended() noexcept {
    handler_.emplace(frame_.detach_thread(), nothing_);
    if (yields_) wake();
}

bool parked_task::claim(wake_cause cause) noexcept {
    outside_->begin();
    if (claimed_.exchange(true, std::memory_order_acq_rel)) {
        outside_->end();
        return false;
    }
    cause_ = cause;
    return true;
}

void parked_task::wake() noexcept {
    namespace execution = asio::execution;
    const auto outside = outside_; // the task and its loop may be destroyed once it is posted
    const parking_allocator<void> memory(room_);
    const auto later =
        asio::require(home_.io().get_executor(), execution::blocking.never, execution::allocator(memory));
    later.execute(resume_handler(*this));
    outside->end();
}

void parked_task::end_wait(wake_cause cause) noexcept {
    if (claim(cause)) wake();
}

void parked_task::leave() noexcept {
    if (deadline_) home_.cancel_timer(*std::exchange(deadline_, std::nullopt));
    if (linked()) home_.parked().remove(*this);
    work_.reset();
}

void parked_task::resume() {
    handler resumed = std::move(*handler_);
    leave();
    resumed();
}

void parked_task::abandon() noexcept {
    if (!claimed_.exchange(true, std::memory_order_acq_rel)) const handler dropped(std::move(*handler_));
}

void parked_tasks::abandon() noexcept {
    for (parked_task* one = all_.first(); one; one = all_.next(*one)) one->abandon();
}

} // namespace weir::detail
