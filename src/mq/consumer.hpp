// SPDX-License-Identifier: MIT
#pragma once

#include "mq/queue_counts.hpp"
#include <weir/core/background.hpp>
#include <weir/core/channel.hpp>
#include <weir/mq/engine.hpp>
#include <weir/mq/queue.hpp>

#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace weir::mq::detail {

/// Throws std::invalid_argument for options out of range.
void check(const consume_options& options);

/// Runs the handlers of a subscription: `concurrency` workers, which take deliveries, call the handler and settle.
/// Belongs to one loop.
class consumer : public std::enable_shared_from_this<consumer> {
public:
    consumer(loop& home, consume_options options, handler f, std::shared_ptr<consumer_link> link,
             std::shared_ptr<queue_counts> counts);

    void begin();
    task<result<void>> established();
    task<result<void>> stop();
    /// Ends the deliveries and cancels the handlers without waiting.
    void cancel() noexcept;
    subscription_stats stats() const noexcept { return {running_, stopping_}; }

private:
    struct worker {
        weir::background task{};
        bool busy = false;
    };
    class presence;
    class running_mark;

    static task<void> work(std::unique_ptr<presence> mine, std::size_t index);
    task<void> handle_next(worker& me, context& ctx);
    task<void> handle(claim taken, context& ctx);
    task<result<void>> call(delivery& of, context& ctx);
    task<result<void>> call_within_limit(delivery& of, context& ctx);
    settlement decide(delivery& of, const result<void>& ended) noexcept;
    settlement judge(delivery& of, const error& failure) noexcept;
    void note_failure(delivery& of, const error& failure) noexcept;
    duration delay_after(std::uint32_t attempt, const error& failure) noexcept;
    void report(const consume_event& event) noexcept;
    void observe(duration took) noexcept;

    void pause() noexcept;
    void cut() noexcept;
    void left() noexcept;

    loop& home_;
    const consume_options options_;
    const handler handler_;
    const std::shared_ptr<consumer_link> link_;
    const std::shared_ptr<queue_counts> counts_;
    histogram* measured_ = nullptr;
    std::vector<worker> workers_{};
    std::size_t present_ = 0; // workers that haven't ended
    std::size_t running_ = 0; // handlers
    bool stopping_ = false;
    bool cut_ = false;                // handlers were cancelled
    channel<std::monostate> ended_{}; // closed when the last worker has ended
};

} // namespace weir::mq::detail
