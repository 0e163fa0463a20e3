// SPDX-License-Identifier: MIT
#include "mq/room_line.hpp"

#include "mq/queue_names.hpp"

namespace weir::mq::detail {

using weir::detail::remote_wait;

// A waiting call, in the frame of its task; its loop may end before it resumes. Guarded by the line's mutex.
class room_line::waiter : public weir::detail::list_hook<waiter> {
public:
    enum class state : std::uint8_t { waiting, granted, closed };

    waiter(room_line& in, loop& home, std::size_t wanted)
        : bytes(wanted), wait(std::make_shared<remote_wait>(home)), in_(in) {}
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter() {
        const std::lock_guard lock(in_.mutex_);
        if (linked()) in_.line_.erase(*this);
        if (at == state::granted) in_.remove(bytes);
        in_.admit_waiting();
    }

    void end(state how) noexcept {
        at = how;
        in_.line_.erase(*this);
        wait->wake();
    }
    // Whether there is room for the caller, who owns it from then on.
    bool taken() noexcept {
        const std::lock_guard lock(in_.mutex_);
        if (at != state::granted) return false;
        at = state::waiting;
        return true;
    }
    bool closed() const noexcept {
        const std::lock_guard lock(in_.mutex_);
        return at == state::closed;
    }

    const std::size_t bytes;
    const std::shared_ptr<remote_wait> wait;
    state at = state::waiting;

private:
    room_line& in_;
};

std::optional<room_line::room> room_line::try_take(std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    if (closed_ || !line_.empty() || !fits(bytes)) return std::nullopt;
    add(bytes);
    return room(shared_from_this(), bytes);
}

task<result<room_line::room>> room_line::take(std::size_t bytes, time_point last) {
    const auto self = shared_from_this();
    const executor here = co_await this_task;
    waiter mine(*this, here.context().loop(), bytes);
    {
        const std::lock_guard lock(mutex_);
        if (closed_) co_return closed_queue();
        line_.push_back(mine);
        admit_waiting();
    }
    const auto ending = co_await mine.wait->until(last);
    if (mine.taken()) co_return room(self, bytes);
    if (mine.closed()) co_return closed_queue();
    if (ending == remote_wait::ending::cancelled) co_return errc::cancelled;
    co_return errc::deadline_exceeded;
}

void room_line::close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    while (waiter* const one = line_.first()) one->end(waiter::state::closed);
}

std::size_t room_line::bytes() const noexcept {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

std::size_t room_line::count() const noexcept {
    const std::lock_guard lock(mutex_);
    return count_;
}

void room_line::give_back(std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    remove(bytes);
    admit_waiting();
}

void room_line::admit_waiting() noexcept {
    while (waiter* const one = line_.first()) {
        if (!fits(one->bytes)) return;
        add(one->bytes);
        one->end(waiter::state::granted);
    }
}

} // namespace weir::mq::detail
