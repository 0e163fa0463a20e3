// SPDX-License-Identifier: MIT
#include "redis/store/cache_feed.hpp"
#include <weir/core/context.hpp>
#include <weir/redis/cache_store.hpp>
#include <weir/redis/script.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <random>
#include <utility>

namespace weir::redis {

namespace {

// A key holds a lease, `l` and 16 digits, or a value, `v`, the 16 digits of the lease it was stored under, and bytes.
constexpr std::size_t head = 17;

const script& get_script() {
    static const script made(R"(
        local found = redis.call('GET', KEYS[1])
        if not found then
            found = 'l' .. ARGV[1]
            redis.call('SET', KEYS[1], found, 'PX', ARGV[2])
        end
        return {found, redis.call('PTTL', KEYS[1])})");
    return made;
}

// The lease 0 keeps the lease that is there, so that loads in progress may still be stored.
const script& set_script() {
    static const script made(R"(
        local known = redis.call('GETRANGE', KEYS[1], 1, 16)
        local lease = ARGV[1]
        if lease == '' then
            lease = known ~= '' and known or string.rep('0', 16)
        elseif lease ~= known then
            return 0
        end
        local value = 'v' .. lease .. ARGV[2]
        if ARGV[3] == '' then
            redis.call('SET', KEYS[1], value)
        else
            redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
        end
        return 1)");
    return made;
}

const script& erase_script() {
    static const script made(R"(
        redis.call('DEL', KEYS[1])
        redis.call('PUBLISH', ARGV[1], KEYS[1]))");
    return made;
}

cache_store_options checked(cache_store_options given) {
    const auto refuse = [](const char* what) { throw error_exception(error(errc::invalid_argument, what)); };
    if (given.channel.empty()) refuse("redis::cache_store_options::channel is empty: accepted is a name");
    if (given.lease < std::chrono::milliseconds(1))
        refuse("redis::cache_store_options::lease is too short: accepted 1 ms or more");
    return given;
}

// Two leases of a key must differ even if Redis has lost its memory in between, so they are random.
std::uint64_t new_lease() {
    static thread_local std::mt19937_64 numbers(std::uint64_t{std::random_device{}()} << 32U | std::random_device{}());
    for (;;)
        if (const std::uint64_t made = numbers(); made != 0) return made;
}

std::string digits(std::uint64_t lease) {
    constexpr char hex[] = "0123456789abcdef";
    std::string made(16, '0');
    for (std::size_t i = made.size(); i-- > 0; lease >>= 4U) made[i] = hex[lease & 15U];
    return made;
}

std::uint64_t lease_of(std::string_view digits) noexcept {
    std::uint64_t made = 0;
    for (const char c : digits) made = made << 4U | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    return made;
}

result<cache_store_entry> entry_of(std::string found, std::int64_t milliseconds_left) {
    if (found.size() < head)
        return error(errc::internal, "the key of a cache holds something that isn't of a weir cache");
    cache_store_entry entry;
    if (found.front() == 'l') {
        entry.lease = lease_of(std::string_view(found).substr(1, head - 1));
        return entry;
    }
    entry.ttl = milliseconds_left < 0 ? duration::max() : duration(std::chrono::milliseconds(milliseconds_left));
    found.erase(0, head);
    entry.value = std::move(found);
    return entry;
}

} // namespace

struct cache_store::state {
    state(client& on, loop& home, cache_store_options given)
        : db(on), options(checked(std::move(given))), context(home) {}

    std::string name_of(std::string_view key) const { return options.prefix + std::string(key); }

    client& db;
    const cache_store_options options;
    const std::shared_ptr<detail::cache_feeds> feeds = std::make_shared<detail::cache_feeds>();
    std::atomic<std::uint64_t> refused{0};
    weir::context context; // of the task that listens
    boost::asio::cancellation_signal cancel{};
};

cache_store::cache_store(client& on, loop& home, cache_store_options options)
    : state_(std::make_shared<state>(on, home, std::move(options))) {
    auto follow = detail::follow_erasures(on, home, state_->options.channel, state_->options.prefix, state_->feeds);
    home.spawn(std::move(follow), state_->context, state_->cancel, [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    state_->context.keep_while_held(state_);
}

cache_store::~cache_store() {
    state_->feeds->close();
    state_->cancel.emit(boost::asio::cancellation_type::total);
}

task<result<cache_store_entry>> cache_store::get(std::string_view key) {
    const auto in = state_;
    const std::string name = in->name_of(key);
    const std::string lease = digits(new_lease());
    auto found = co_await get_script().run<std::pair<std::string, std::int64_t>>(
        in->db, keys(name), lease, detail::milliseconds(in->options.lease));
    if (!found) co_return found.error();
    co_return entry_of(std::move(found->first), found->second);
}

task<result<bool>> cache_store::set(std::string_view key, std::string_view value, duration ttl, std::uint64_t lease) {
    const auto in = state_;
    const std::string name = in->name_of(key);
    const std::string under = lease == 0 ? std::string() : digits(lease);
    const std::string expiry =
        ttl == duration::max() ? "" : std::to_string(std::max<std::int64_t>(1, detail::milliseconds(ttl)));
    auto stored = co_await set_script().run<bool>(in->db, keys(name), under, value, expiry);
    if (stored && !*stored) in->refused.fetch_add(1, std::memory_order_relaxed);
    co_return stored;
}

task<result<void>> cache_store::erase(std::string_view key) {
    const auto in = state_;
    const std::string name = in->name_of(key);
    co_return co_await erase_script().run<void>(in->db, keys(name), in->options.channel);
}

std::shared_ptr<void> cache_store::subscribe(std::string_view prefix, cache_feed to) {
    return state_->feeds->add(prefix, std::move(to));
}

cache_feed_stats cache_store::stats() const noexcept {
    cache_feed_stats shown;
    state_->feeds->describe(shown);
    shown.refused = state_->refused;
    return shown;
}

} // namespace weir::redis
