// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/message/each_field.hpp"
#include "http/message/vary.hpp"
#include "http/middleware/stored_response.hpp"
#include "resilience/option_check.hpp"
#include <weir/cache/cache.hpp>
#include <weir/cache/cache_metrics.hpp>
#include <weir/core/loop.hpp>
#include <weir/http/client_info.hpp>
#include <weir/http/middleware/cache_responses.hpp>
#include <weir/http/middleware/guard.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace weir::http {

namespace {

using detail::stored_response;

// What is known about a target: the request fields that its responses depend on. Its number is part of the keys of its
// responses, so without it none of them is found.
struct target_record {
    std::uint64_t number = 0;
    std::vector<std::string> vary{};
};

response_cache_options checked(response_cache_options given) {
    using resilience::detail::check_option;
    using resilience::detail::check_range;
    constexpr duration zero{};
    check_range("response_cache_options::ttl", given.ttl, zero);
    check_range("response_cache_options::stale_while_revalidate", given.stale_while_revalidate, zero);
    check_range("response_cache_options::stale_if_error", given.stale_if_error, zero);
    check_range("response_cache_options::max_wait", given.max_wait, duration(1));
    check_option(detail::is_token(given.name), "response_cache_options::name", given.name, "a token");
    check_option(given.time != nullptr, "response_cache_options::time", "nullptr", "a clock");
    for (std::string& name : given.vary) {
        check_option(detail::is_token(name) && name != "*", "response_cache_options::vary", name, "names of fields");
        for (char& c : name) c = detail::lower(c);
    }
    return given;
}

// A quarter of the bytes is for the targets.
cache_options for_targets(const response_cache_options& given) {
    cache_options made{.size = given.size, .bytes = given.bytes / 4, .ttl = duration::max()};
    made.time = given.time;
    return made;
}

cache_options for_responses(const response_cache_options& given) {
    cache_options made{.size = given.size, .bytes = given.bytes - given.bytes / 4, .ttl = given.ttl, .ttl_jitter = 0};
    made.error_ttl = {};
    made.max_wait = given.max_wait;
    made.time = given.time;
    return made;
}

bool reads(const request& req) noexcept { return req.method() == method::get || req.method() == method::head; }

bool is_safe(const request& req) noexcept {
    return reads(req) || req.method() == method::options || req.method() == method::trace;
}

bool asks_for(const request& req, std::string_view directive) {
    bool found = false;
    detail::each_field(req, "cache-control", [&](std::string_view field) {
        for (detail::comma_list list(field); list.next();)
            found = found || detail::equal_no_case(list.element(), directive);
    });
    return found;
}

// Appends a part of a key in a way that no other parts can imitate.
void add_part(std::string& key, std::string_view part) {
    fmt::format_to(std::back_inserter(key), "{}:", part.size());
    key += part;
}

} // namespace

struct response_cache::state {
    explicit state(response_cache_options given)
        : options(checked(std::move(given))), targets(for_targets(options)),
          responses(for_responses(options), [](const std::string& key, const stored_response& one) {
              return key.size() + one.bytes();
          }) {}

    const response_cache_options options;
    cache<std::string, target_record> targets;
    cache<std::string, stored_response> responses;
    std::atomic<std::uint64_t> last_number{0};

    target_record new_record() noexcept {
        return {.number = last_number.fetch_add(1, std::memory_order_relaxed) + 1, .vary = options.vary};
    }
};

namespace {

using response_store = response_cache::state;

// How a request was answered, for Cache-Status.
struct cache_note {
    std::string_view forwarded{};
    bool stored = false;
    bool collapsed = false;
};

void add_status(response& res, const response_store& in, const cache_note& note) {
    std::string text = in.options.name;
    text.append("; fwd=").append(note.forwarded);
    if (note.stored) text += "; stored";
    if (note.collapsed) text += "; collapsed";
    res.headers.add("cache-status", text);
}

void add_hit(response& res, const response_store& in, const stored_response& stored, duration age, bool failed) {
    std::string text = in.options.name + "; hit" + detail::ttl_left(stored, age);
    if (failed) text += "; detail=stale_if_error";
    res.headers.add("cache-status", text);
}

// For the waiting requests only.
detail::loaded_response not_kept(stored_response::kind what) {
    auto mark = std::make_shared<stored_response>();
    mark->is = what;
    return {.value = std::move(mark), .keep = false};
}

// One request's way through the cache.
class cached_exchange {
public:
    cached_exchange(response_store& in, request& req, const next& rest)
        : in_(in), req_(req), rest_(rest), credentials_(detail::has_credentials(req)) {}

    task<response> run();

private:
    task<response> pass(std::string_view why);
    task<response> run_and_keep(std::string_view why);
    task<std::shared_ptr<const target_record>> record();
    task<result<detail::loaded_response>> load();
    std::optional<response> from_store();
    response nothing_stored() const;
    response from_load(const result<cached<stored_response>>& found);
    std::string key_of(const target_record& known) const;
    void keep(detail::storing& made);
    bool learn(const std::vector<std::string>& names);
    void add_vary(response& res) const;

    response_store& in_;
    request& req_;
    const next& rest_;
    const bool credentials_;
    std::shared_ptr<const target_record> record_{};
    std::string key_{};
    std::optional<response> own_{}; // of this request's run of the handler
    bool stored_ = false;
};

task<response> cached_exchange::pass(std::string_view why) {
    auto made = co_await rest_(req_);
    if (!is_safe(req_) && made.status < 400) in_.targets.erase(req_.target());
    if (is_safe(req_)) add_vary(made);
    add_status(made, in_, {.forwarded = why});
    co_return made;
}

task<std::shared_ptr<const target_record>> cached_exchange::record() {
    auto known = in_.targets.find(req_.target());
    if (known) co_return known;
    auto made = [this] { return in_.new_record(); };
    auto found = co_await in_.targets.lookup_or(req_.target(), made);
    co_return found ? std::move(found->value) : std::make_shared<const target_record>(in_.new_record());
}

std::string cached_exchange::key_of(const target_record& known) const {
    std::string key;
    const client_info client = client_of(req_);
    add_part(key, fmt::format("{}", known.number));
    add_part(key, client.scheme);
    add_part(key, client.host);
    for (const std::string& name : known.vary) {
        std::string values;
        detail::each_field(req_, name, [&](std::string_view value) {
            values.append(values.empty() ? "" : ",").append(detail::trim(value));
        });
        add_part(key, req_.has_header(name) ? "1" : "0");
        add_part(key, values);
    }
    return key;
}

// Adds names to the target's record; returns whether there were new ones.
bool cached_exchange::learn(const std::vector<std::string>& names) {
    target_record more = *record_;
    for (const std::string& name : names)
        if (std::ranges::find(more.vary, name) == more.vary.end()) more.vary.push_back(name);
    if (more.vary.size() == record_->vary.size()) return false;
    const auto now = in_.targets.find(req_.target());
    if (now && now->number == more.number) // not erased meanwhile
        in_.targets.put(std::string(req_.target()), more);
    record_ = std::make_shared<const target_record>(std::move(more));
    key_ = key_of(*record_);
    return true;
}

void cached_exchange::add_vary(response& res) const {
    for (const std::string& name : in_.options.vary) detail::add_vary(res.headers, name);
}

// Calls the handler and decides what of its response is stored.
task<result<detail::loaded_response>> cached_exchange::load() {
    auto made = co_await rest_(req_);
    add_vary(made);
    own_ = std::move(made);
    const error failed = own_->status == 501 ? error() : detail::failure_of(*own_);
    if (failed) co_return failed;
    auto kept = detail::to_store(*own_, credentials_, in_.options, in_.options.time->wall_now());
    stored_ = kept.value.value && kept.value.value->is == stored_response::kind::response;
    if (stored_ && learn(kept.vary)) {
        in_.responses.put(key_, std::move(kept.value));
        kept.value = not_kept(stored_response::kind::other_key);
    } else if (!kept.value.value) {
        kept.value = not_kept(stored_response::kind::uncacheable);
    }
    co_return std::move(kept.value);
}

// Answers without collapsing, and stores the response if it may be.
task<response> cached_exchange::run_and_keep(std::string_view why) {
    auto loaded = co_await load();
    if (loaded && loaded->keep && (stored_ || !credentials_)) in_.responses.put(key_, std::move(*loaded));
    add_status(*own_, in_, {.forwarded = why, .stored = stored_});
    co_return std::move(*own_);
}

std::optional<response> cached_exchange::from_store() {
    const auto found = in_.responses.lookup(key_);
    if (!found || found->stale || found->value->is != stored_response::kind::response) return std::nullopt;
    if (credentials_ && !found->value->for_all) return std::nullopt;
    response res = detail::answer_from(*found->value, req_, found->age);
    add_hit(res, in_, *found->value, found->age, false);
    return res;
}

response cached_exchange::nothing_stored() const {
    response none(504);
    add_status(none, in_, {.forwarded = "request"});
    return none;
}

response cached_exchange::from_load(const result<cached<stored_response>>& found) {
    if (found && found->value->is == stored_response::kind::response && (!own_ || found->stale)) {
        response res = detail::answer_from(*found->value, req_, found->age);
        if (found->loaded)
            add_status(res, in_, {.forwarded = "uri-miss", .stored = true, .collapsed = true});
        else
            add_hit(res, in_, *found->value, found->age, static_cast<bool>(found->failure));
        return res;
    }
    if (own_) {
        add_status(*own_, in_, {.forwarded = "uri-miss", .stored = stored_});
        return std::move(*own_);
    }
    response res;
    into_response(result<void>(found.error()), res);
    add_status(res, in_, {.forwarded = "uri-miss", .collapsed = true});
    return res;
}

task<response> cached_exchange::run() {
    if (!reads(req_)) co_return co_await pass("method");
    if (req_.has_header("range") || asks_for(req_, "no-store")) co_return co_await pass("request");
    constexpr int rounds = 3; // a response may tell of further fields that it depends on
    for (int round = 0; round < rounds; ++round) {
        record_ = co_await record();
        key_ = key_of(*record_);
        const bool only_cached = asks_for(req_, "only-if-cached");
        if (only_cached || credentials_ || req_.method() == method::head) {
            if (auto hit = from_store()) co_return std::move(*hit);
            if (only_cached) co_return nothing_stored();
            if (credentials_) co_return co_await run_and_keep("bypass");
            co_return co_await pass("method");
        }
        auto f = [this] { return load(); };
        const auto found = co_await in_.responses.lookup_or(key_, f);
        if (own_ || !found || found->value->is == stored_response::kind::response) co_return from_load(found);
        if (found->value->is == stored_response::kind::uncacheable) break;
    }
    co_return co_await run_and_keep("bypass");
}

task<response> run_cached(std::shared_ptr<response_store> in, request& req, next rest) {
    cached_exchange one(*in, req, rest);
    co_return co_await one.run();
}

middleware layer_of(std::shared_ptr<response_store> in) {
    return [in = std::move(in)](request& req, next rest) { return run_cached(in, req, rest); };
}

cache_stats sum_of(const response_store& in) {
    cache_stats all = in.responses.stats();
    all.bytes += in.targets.stats().bytes;
    return all;
}

} // namespace

response_cache::response_cache(response_cache_options options) : state_(std::make_shared<state>(std::move(options))) {}
response_cache::~response_cache() = default;

void response_cache::erase(std::string_view target) { state_->targets.erase(target); }

void response_cache::clear() {
    state_->targets.clear();
    state_->responses.clear();
}

cache_stats response_cache::stats() const { return sum_of(*state_); }

middleware cache_responses(response_cache_options options) {
    return layer_of(std::make_shared<response_store>(std::move(options)));
}

middleware cache_responses(const response_cache& by) { return layer_of(by.shared()); }

void measure(metrics& to, const response_cache& of, std::string_view name) {
    weir::detail::measure_cache(
        to, [&of] { return of.stats(); }, name);
}

} // namespace weir::http
