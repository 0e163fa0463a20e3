// SPDX-License-Identifier: MIT
#include "http/middleware/stored_response.hpp"

#include "http/field/cache_control.hpp"
#include "http/field/field_syntax.hpp"
#include "http/field/http_date.hpp"
#include "http/message/not_modified.hpp"
#include <weir/http/conditional.hpp>
#include <weir/security/principal.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weir::http::detail {

namespace {

using std::chrono::seconds;

// How long a route counts as uncacheable after a response that was.
constexpr seconds uncacheable_for{10};

cache_directives directives_of(const header_list& headers) {
    cache_directives all;
    for (const header_view field : headers)
        if (equal_no_case(field.name, "cache-control")) all.add(field.value);
    return all;
}

// Statuses that the option's time applies to (RFC 9110 section 15.1).
bool has_default_time(int status) noexcept {
    constexpr std::array known{200, 203, 204, 300, 301, 308, 404, 410};
    return std::ranges::find(known, status) != known.end();
}

bool is_cacheable(int status) noexcept {
    constexpr std::array others{302, 307, 405, 414, 501};
    return has_default_time(status) || std::ranges::find(others, status) != others.end();
}

http_time seconds_of(wall_time now) noexcept { return std::chrono::floor<seconds>(now); }

// Returns nothing if the response gives no time (RFC 9111 section 4.2.1).
std::optional<seconds> own_time(const response& made, const cache_directives& said, wall_time now) {
    if (said.s_maxage) return said.s_maxage;
    if (said.max_age) return said.max_age;
    if (!made.headers.contains("expires")) return std::nullopt;
    const auto at = parse_http_date(made.headers.find("expires"), seconds_of(now));
    const auto date = parse_http_date(made.headers.find("date"), seconds_of(now)).value_or(seconds_of(now));
    return at ? std::max(seconds(0), *at - date) : seconds(0);
}

std::vector<std::string> vary_names(const header_list& headers) {
    std::vector<std::string> names;
    for (const header_view field : headers) {
        if (!equal_no_case(field.name, "vary")) continue;
        for (comma_list list(field.value); list.next();) {
            std::string& name = names.emplace_back(list.element());
            for (char& c : name) c = lower(c);
        }
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

// Fields of one connection or one message only.
bool is_kept(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 11> dropped{
        "age", "connection", "content-length",    "keep-alive", "proxy-authenticate", "proxy-authorization",
        "te",  "trailer",    "transfer-encoding", "upgrade",    "proxy-connection"};
    return std::ranges::none_of(dropped, [&](std::string_view one) { return equal_no_case(name, one); });
}

std::shared_ptr<stored_response> copy_of(const response& made, wall_time now) {
    auto copy = std::make_shared<stored_response>();
    copy->status = made.status;
    copy->body = made.body;
    for (const header_view field : made.headers)
        if (is_kept(field.name)) copy->headers.add(field.name, field.value);
    if (!copy->headers.contains("date")) copy->headers.set("date", format_http_date(seconds_of(now)));
    return copy;
}

loaded_response uncacheable() {
    auto mark = std::make_shared<stored_response>();
    mark->is = stored_response::kind::uncacheable;
    return {.value = std::move(mark),
            .ttl = uncacheable_for,
            .stale_while_revalidate = duration{},
            .stale_if_error = duration{}};
}

// Whether further responses to the target will probably not be cacheable either.
bool is_own(const response& made, const cache_directives& said, const response_cache_options& options) {
    return made.tail || said.no_store || said.no_cache || said.is_private || made.headers.contains("set-cookie") ||
           made.body.size() > options.max_body;
}

loaded_response timed(const response& made, const cache_directives& said, seconds ttl,
                      const response_cache_options& options, wall_time now) {
    auto copy = copy_of(made, now);
    copy->ttl = ttl;
    copy->for_all = said.is_public || said.s_maxage || said.must_revalidate;
    loaded_response kept{.ttl = ttl, .stale_while_revalidate = duration{}, .stale_if_error = duration{}};
    kept.age = parse_delta_seconds(made.headers.find("age")).value_or(seconds(0));
    // s-maxage implies proxy-revalidate (RFC 9111 section 5.2.2.10)
    if (!said.must_revalidate && !said.s_maxage) {
        kept.stale_while_revalidate = options.stale_while_revalidate;
        kept.stale_if_error = options.stale_if_error;
    }
    if (said.stale_while_revalidate) kept.stale_while_revalidate = *said.stale_while_revalidate;
    if (said.stale_if_error) kept.stale_if_error = *said.stale_if_error;
    if (said.must_revalidate) kept.stale_while_revalidate = kept.stale_if_error = duration{};
    kept.value = std::move(copy);
    return kept;
}

} // namespace

storing to_store(const response& made, bool credentials, const response_cache_options& options, wall_time now) {
    const cache_directives said = directives_of(made.headers);
    if (is_own(made, said, options)) return {uncacheable()};
    if (!is_cacheable(made.status)) return {};
    const bool for_all = said.is_public || said.s_maxage || said.must_revalidate;
    if (credentials && !for_all) return {};
    storing made_of;
    made_of.vary = vary_names(made.headers);
    if (std::ranges::find(made_of.vary, "*") != made_of.vary.end()) return {uncacheable()};
    const auto given = own_time(made, said, now);
    if (!given && (!has_default_time(made.status) || options.ttl == duration::zero())) return {};
    const auto ttl = given ? *given : std::chrono::duration_cast<seconds>(options.ttl);
    made_of.value = timed(made, said, ttl, options, now);
    if (!given) made_of.value.ttl = options.ttl;
    return made_of;
}

bool has_credentials(const request& req) {
    return req.has_header("authorization") || req.has_header("cookie") || req.find<principal>();
}

std::string ttl_left(const stored_response& stored, duration age) {
    const auto left = stored.ttl - std::chrono::duration_cast<seconds>(age);
    return fmt::format("; ttl={}", left.count());
}

response answer_from(const stored_response& stored, const request& req, duration age) {
    response res(stored.status);
    res.headers = stored.headers;
    const auto whole_seconds = std::max(seconds(0), std::chrono::duration_cast<seconds>(age));
    res.headers.set("age", fmt::format("{}", whole_seconds.count()));
    validators current{.etag = stored.headers.find("etag")};
    current.last_modified = parse_http_date(stored.headers.find("last-modified"), {});
    const precondition held = stored.status / 100 == 2 ? evaluate(req, current) : precondition::proceed;
    if (held == precondition::proceed)
        res.body = stored.body;
    else if (held == precondition::not_modified)
        become_not_modified(res);
    else
        become_failed(res);
    return res;
}

} // namespace weir::http::detail
