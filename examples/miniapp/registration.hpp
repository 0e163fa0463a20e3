// SPDX-License-Identifier: MIT
#pragma once

#include "mailer.hpp"
#include "settings.hpp"
#include "store.hpp"
#include <weir/mq/handled_messages.hpp>
#include <weir/mq/outbox_relay.hpp>
#include <weir/mq/queue.hpp>
#include <weir/observe/log.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/orm/outbox_store.hpp>
#include <weir/orm/processed_messages.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace miniapp {

/// A message of the topic `user_events`.
struct user_event {
    std::string event{}; // `user_registered`
    std::int64_t user_id{};
};
BOOST_DESCRIBE_STRUCT(user_event, (), (event, user_id))

/// The queue that the settings name; errc::invalid_argument if this build has no such engine.
weir::result<std::unique_ptr<weir::queue>> queue_of(const queue_settings& chosen);

/// New users and their consequences. The user and the event `user_registered` are stored in one transaction, and the
/// request is answered. A relay then publishes the event, and two groups of consumers handle it, each at its own pace:
/// `welcome_mails` and `points`. Each event takes effect once, although it may be delivered several times; only a crash
/// between the mail server's answer and its note repeats a mail, with the same Message-ID. The consumers run on the
/// loop of `start`.
class registration {
public:
    registration(store& rows, weir::queue& events, mailer& mails, const queue_settings& chosen,
                 const weir::logger& log);

    /// Stores a new user, whose id it fills in, and the event. errc::already_exists as for an insert.
    weir::task<weir::result<void>> add(user& added);
    /// The same in the caller's transaction.
    weir::result<void> add(weir::orm::transaction& tx, user& added);

    weir::task<weir::result<void>> start();
    weir::task<weir::result<void>> stop();
    /// Forgets events that were handled long ago; for a periodic job.
    weir::task<weir::result<void>> forget_old();
    void measure(weir::metrics& to);

private:
    weir::task<weir::result<void>> welcome(const user_event& event, const std::string& id);
    weir::task<weir::result<void>> send_once(const mail& welcome, const std::string& id);
    weir::task<weir::result<void>> give_points(const user_event& event, const std::string& id);

    store& rows_;
    weir::queue& events_;
    mailer& mails_;
    const weir::logger& log_;
    weir::orm::outbox_store outbox_;
    weir::orm::processed_messages mailed_;
    weir::orm::processed_messages rewarded_;
    weir::handled_messages handled_;
    weir::outbox_relay relay_;
    weir::subscription mail_consumer_;
    weir::subscription points_consumer_;
};

} // namespace miniapp
