// SPDX-License-Identifier: MIT
#include "redis/client/sentinel_client.hpp"

#include <weir/redis/command.hpp>

#include <charconv>
#include <utility>

namespace weir::redis::detail {

namespace {

constexpr std::uint8_t max_moves = 3; // of one command to another master

std::shared_ptr<link_terms> sentinel_terms(const client_terms& terms, const std::shared_ptr<counters>& stats) {
    auto made = std::make_shared<link_terms>();
    made->options = terms.options;
    made->stats = stats;
    made->greeting =
        greeting_plan(terms.options->sentinel_user, terms.options->sentinel_password, 0, terms.options->name, false);
    return made;
}

bool read_port(std::string_view text, std::uint16_t& out) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() && out != 0;
}

std::string_view word(std::string_view text, int index) {
    for (; index > 0; --index) {
        const std::size_t space = text.find(' ');
        if (space == std::string_view::npos) return {};
        text.remove_prefix(space + 1);
    }
    return text.substr(0, text.find(' '));
}

} // namespace

sentinel_client::sentinel_client(loop& home, std::shared_ptr<client_terms> terms)
    : loop_client(home, std::move(terms)), watch_(*this),
      sentinel_(std::make_shared<link>(home, sentinel_terms(this->terms(), stats()), watch_, link::use::listening)) {}

void sentinel_client::close() {
    sentinel_->close(errc::unavailable);
    loop_client::close();
}

void sentinel_client::drop_all() noexcept {
    sentinel_->drop_all();
    loop_client::drop_all();
}

void sentinel_client::locate(link& one) {
    if (master_ && !suspect_) return one.dial(*master_);
    waiting_.push_back(one.weak_from_this());
    if (!sentinel_->up())
        sentinel_->open();
    else if (watch_.answered || ++watch_.waits > 1) // the first one waited for connect_timeout
        sentinel_->lose(error(errc::unavailable, "another sentinel is asked for the master"));
}

void sentinel_client::lost(link& one, const error& why) {
    suspect_ |= !leaving_;
    loop_client::lost(one, why);
}

// The command had no effect, so it may run on the new master.
bool sentinel_client::takes_back(call& one, link& from, reply_view why) {
    if (!why.text().starts_with("READONLY ")) return false;
    const error refused = error_of(why.text());
    if (one.moves >= max_moves || from.exclusive()) {
        home().post([link = from.weak_from_this(), refused] {
            if (const auto alive = link.lock(); alive && alive->up()) alive->lose(refused);
        });
        return false;
    }
    from.release(one);
    ++one.moves;
    from.lose(refused);
    submit(one);
    return true;
}

void sentinel_client::follow(address master) {
    const bool changed = master_ && *master_ != master;
    master_ = std::move(master);
    suspect_ = false;
    if (changed) {
        stats()->failovers.add();
        report({client_event::kind::failover, master_->text(), {}});
        leaving_ = true;
        leave_others(*master_, error(errc::unavailable, "sentinel has named another master"));
        leaving_ = false;
    }
    for (const auto& one : std::exchange(waiting_, {}))
        if (const auto alive = one.lock()) alive->dial(*master_);
}

void sentinel_client::no_sentinel(const error& why) {
    for (const auto& one : std::exchange(waiting_, {}))
        if (const auto alive = one.lock())
            alive->unreachable(
                error(errc::unavailable, "no sentinel knows the master " + terms().url.master).caused_by(why));
}

void sentinel_client::watch::locate(link& one) {
    const auto& all = owner.terms().url.hosts;
    answered = false;
    waits = 0;
    one.dial(all[next++ % all.size()]);
}

void sentinel_client::watch::connected(link& one) {
    const command ask("SENTINEL", "get-master-addr-by-name", owner.terms().url.master);
    const command listen("SUBSCRIBE", "+switch-master");
    one.send(std::string(ask.encoded()).append(listen.encoded()));
}

void sentinel_client::watch::lost(link&, const error& why) {
    if (std::exchange(answered, false)) return;
    if (++failures % owner.terms().url.hosts.size() == 0) owner.no_sentinel(why);
}

void sentinel_client::watch::pushed(link& one, reply_view what) {
    auto at = what.begin();
    const std::string_view first = what.size() > 0 ? (*at++).text() : std::string_view();
    address master;
    if (!answered) { // the answer to the question
        answered = what.size() == 2 && read_port((*at).text(), master.port);
        if (!answered) return one.lose(error(errc::unavailable, "this sentinel doesn't know the master"));
        failures = 0;
        master.host = std::string(first);
        return owner.follow(std::move(master));
    }
    if (first != "message" || what.size() != 3) return;
    const std::string_view text = (*++at).text(); // name, old host, old port, new host, new port
    if (word(text, 0) != owner.terms().url.master || !read_port(word(text, 4), master.port)) return;
    master.host = std::string(word(text, 3));
    owner.follow(std::move(master));
}

} // namespace weir::redis::detail
