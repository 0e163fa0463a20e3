// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/channel.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/mq/detail/typed_handler.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

namespace mq::detail {

class handled_table;

} // namespace mq::detail

/// Tells a relay when the consumers in this process have handled a message. A relay that publishes to a queue in memory
/// takes it as an option, and keeps each message in the outbox until then: a crash loses nothing. Consumers wrap their
/// handlers before the relay starts. A message is handled when a handler of each group that wrapped one for its topic
/// has succeeded. A dead letter isn't handled: it is published again after the next start. Process-wide; outlives the
/// relay and the subscriptions.
///
///     mails = queue.consume(loop, {.topic = "user_events", .group = "mails"},
///                           handled.by("user_events", "mails", [&](user_event& event) { return welcome(event); }));
class handled_messages {
public:
    handled_messages();
    ~handled_messages();
    handled_messages(const handled_messages&) = delete;
    handled_messages& operator=(const handled_messages&) = delete;

    /// Wraps a handler of that group.
    template<class Handler>
    auto by(std::string_view topic, std::string_view group, Handler handler) {
        const std::size_t place = join(topic, group);
        return [this, place, f = std::make_shared<mq::detail::handler>(mq::detail::as_handler(std::move(handler)))](
                   delivery& of) { return call(*this, place, f, of); };
    }

    /// The number of messages that aren't handled yet.
    std::size_t unhandled() const;

    // For the relay. Returns false if the message is expected already; `forget` undoes it.
    bool expect(std::string_view topic, std::string_view id);
    void forget(std::string_view id) noexcept;
    // Returns the ids of messages handled since the last call. `changed` gets a value when there are some.
    std::vector<std::string> take_handled();
    channel<std::monostate>& changed() noexcept;

private:
    // Registers a group; returns its place among those of its topic.
    std::size_t join(std::string_view topic, std::string_view group);
    void handled(std::string_view id, std::size_t place);

    static task<result<void>> call(handled_messages& self, std::size_t place, std::shared_ptr<mq::detail::handler> f,
                                   delivery& of) {
        auto ended = co_await (*f)(of);
        if (ended) self.handled(of->id, place);
        co_return ended;
    }

    const std::unique_ptr<mq::detail::handled_table> table_;
};

} // namespace weir
