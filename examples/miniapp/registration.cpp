// SPDX-License-Identifier: MIT
#include "registration.hpp"

#include <weir/mq/memory_queue.hpp>
#include <weir/mq/outbox_metrics.hpp>
#include <weir/mq/queue_metrics.hpp>

#include <limits>
#include <utility>

namespace miniapp {

using weir::col;
using weir::errc;
using weir::error;
using weir::result;
using weir::task;

namespace {

constexpr const char* topic = "user_events";
constexpr const char* mail_group = "welcome_mails";
constexpr const char* points_group = "points";
constexpr std::int64_t welcome_points = 100;

weir::orm::processed_messages_options processed_by(const char* consumer) {
    weir::orm::processed_messages_options options;
    options.consumer = consumer;
    return options;
}

// A queue in memory loses its messages with the process, so the outbox keeps them until they are handled.
weir::outbox_relay_options relay_options_of(const queue_settings& chosen, weir::handled_messages& handled,
                                            const weir::logger& log) {
    weir::outbox_relay_options options;
    options.lease = chosen.lease;
    if (chosen.engine == queue_engine::memory) options.handled = &handled;
    options.on_event = [&log](const weir::outbox_event& event) {
        log.warn("outbox", weir::field("topic", event.topic), weir::field("id", event.id),
                 weir::field("messages", event.messages), weir::field("error", event.failure.describe()));
    };
    return options;
}

// Mails are tried as long as it takes.
weir::consume_options consumer_of(const char* group, const weir::logger& log) {
    weir::consume_options options;
    options.topic = topic;
    options.group = group;
    options.concurrency = 16;
    options.attempts = std::numeric_limits<std::uint32_t>::max();
    options.max_backoff = std::chrono::seconds(30);
    options.drain = std::chrono::seconds(3);
    options.on_event = [&log, group](const weir::consume_event& event) {
        log.warn("event not handled", weir::field("group", group), weir::field("id", (*event.delivered)->id),
                 weir::field("attempt", event.delivered->attempt), weir::field("error", event.failure.describe()));
    };
    return options;
}

mail welcome_mail(const user& to, const std::string& id) {
    mail made;
    made.to = *to.email;
    made.subject = "Welcome to the tea shop";
    made.text = "Hello " + to.nickname + ",\n\nwelcome to the tea shop. " + std::to_string(welcome_points) +
                " points are on your account.\n";
    made.id = id;
    return made;
}

} // namespace

result<std::unique_ptr<weir::queue>> queue_of(const queue_settings& chosen) {
    if (chosen.engine == queue_engine::memory) return std::unique_ptr<weir::queue>(new weir::memory_queue());
    return error(errc::invalid_argument, "queue.engine = " + std::string(weir::reflect::enum_name(chosen.engine)) +
                                             ": this program was built without it; accepted: memory");
}

registration::registration(store& rows, weir::queue& events, mailer& mails, const queue_settings& chosen,
                           const weir::logger& log)
    : rows_(rows), events_(events), mails_(mails), log_(log), outbox_(rows.db),
      mailed_(rows.db, processed_by(mail_group)), rewarded_(rows.db, processed_by(points_group)),
      relay_(outbox_, events, relay_options_of(chosen, handled_, log)) {}

task<result<void>> registration::add(user& added) {
    auto body = [&](weir::orm::transaction& tx) { return add(tx, added); };
    co_return co_await rows_.db.transaction(body);
}

result<void> registration::add(weir::orm::transaction& tx, user& added) {
    added.id = 0; // an earlier run of the transaction may have filled it in
    if (auto stored = tx.insert(added); !stored) return stored;
    const user_event happened{"user_registered", added.id};
    return outbox_.add(tx, weir::json_message(topic, happened).with_key(std::to_string(added.id)));
}

task<result<void>> registration::start() {
    const weir::executor here = co_await weir::this_task;
    weir::loop& home = here.context().loop();
    auto welcome_user = [this](user_event& event, weir::delivery& of) { return welcome(event, of->id); };
    auto reward_user = [this](user_event& event, weir::delivery& of) { return give_points(event, of->id); };
    mail_consumer_ = events_.consume(home, consumer_of(mail_group, log_), handled_.by(topic, mail_group, welcome_user));
    points_consumer_ =
        events_.consume(home, consumer_of(points_group, log_), handled_.by(topic, points_group, reward_user));
    auto mails = co_await mail_consumer_.established();
    if (!mails) co_return mails;
    auto points = co_await points_consumer_.established();
    if (!points) co_return points;
    relay_.start(home);
    co_return weir::ok();
}

// The consumers stop first, so that the relay knows what they have handled.
task<result<void>> registration::stop() {
    const auto mails = co_await mail_consumer_.stop();
    const auto points = co_await points_consumer_.stop();
    const auto relay = co_await relay_.stop();
    const auto queue = co_await events_.close();
    for (const auto* one : {&mails, &points, &relay, &queue})
        if (!*one && one->error() != errc::deadline_exceeded) co_return one->error();
    co_return weir::ok();
}

task<result<void>> registration::forget_old() {
    const auto forgotten = co_await mailed_.forget_old();
    if (!forgotten) co_return forgotten.error();
    co_return weir::ok();
}

task<result<void>> registration::welcome(const user_event& event, const std::string& id) {
    const auto found = co_await rows_.users.where(col<&user::id> == event.user_id).first();
    if (!found) co_return found.error();
    if (!*found || !(*found)->email) co_return weir::ok();
    const mail welcome = welcome_mail(**found, id);
    co_return co_await send_once(welcome, id);
}

task<result<void>> registration::send_once(const mail& welcome, const std::string& id) {
    auto look = [&](weir::orm::reader& r) { return mailed_.seen(r, id); };
    const auto sent_before = co_await rows_.db.read(look);
    if (!sent_before) co_return sent_before.error();
    if (*sent_before) co_return weir::ok();
    const auto sent = co_await mails_.send(welcome);
    if (!sent && !weir::is_permanent(sent.error())) co_return sent.error();
    if (!sent) log_.warn("mail refused", weir::field("id", id), weir::field("error", sent.error().describe()));
    auto note = [&](weir::orm::transaction& tx) { return mailed_.first_time(tx, id); };
    const auto noted = co_await rows_.db.transaction(note);
    if (!noted) co_return noted.error();
    co_return weir::ok();
}

task<result<void>> registration::give_points(const user_event& event, const std::string& id) {
    auto body = [&](weir::orm::transaction& tx) -> result<void> {
        const auto is_first = rewarded_.first_time(tx, id);
        if (!is_first) return is_first.error();
        if (!*is_first) return weir::ok();
        const auto given =
            tx.repo<user>().update_where(col<&user::id> == event.user_id, (col<&user::points>) += welcome_points);
        if (!given) return given.error();
        return weir::ok(); // a deleted user gets none
    };
    co_return co_await rows_.db.transaction(body);
}

void registration::measure(weir::metrics& to) {
    weir::measure(to, events_, events_.name());
    weir::measure_group(to, events_, events_.name(), topic, mail_group);
    weir::measure_group(to, events_, events_.name(), topic, points_group);
    weir::measure(to, relay_, topic);
}

} // namespace miniapp
