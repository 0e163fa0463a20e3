// SPDX-License-Identifier: MIT
#include "http/field/entity_tag.hpp"
#include "http/field/field_syntax.hpp"
#include "http/field/http_date.hpp"
#include "http/message/each_field.hpp"
#include "http/message/framework_errors.hpp"
#include <weir/http/conditional.hpp>
#include <weir/security/crypto.hpp>

namespace weir::http {

namespace {

using detail::tag_comparison;

// Whether any field of that name is `*` or lists the current tag.
bool matches(const request& req, std::string_view name, const validators& current, tag_comparison how) {
    detail::entity_tag tag;
    auto rest = current.etag;
    const bool tagged = detail::take_entity_tag(rest, tag) && rest.empty();
    bool found = false;
    detail::each_field(req, name, [&](std::string_view list) {
        found = found || (list == "*" ? current.exists : tagged && detail::lists_tag(list, tag, how));
    });
    return found;
}

// Returns the field's date, if it was sent and can be compared.
std::optional<detail::http_time> date_of(const request& req, std::string_view name, const validators& current) {
    const auto text = req.header(name);
    if (text.empty() || !current.last_modified) return {};
    // a two-digit year takes its century from the date it is compared with
    return detail::parse_http_date(text, *current.last_modified);
}

bool is_read(const request& req) noexcept { return req.method() == method::get || req.method() == method::head; }

// Steps 1 and 2 of RFC 9110 section 13.2.2.
bool still_matches(const request& req, const validators& current) {
    if (req.has_header("if-match")) return matches(req, "if-match", current, tag_comparison::strong);
    const auto since = date_of(req, "if-unmodified-since", current);
    return !since || *current.last_modified <= *since;
}

// Steps 3 and 4.
bool known_already(const request& req, const validators& current) {
    if (req.has_header("if-none-match")) return matches(req, "if-none-match", current, tag_comparison::weak);
    if (!is_read(req)) return false;
    const auto since = date_of(req, "if-modified-since", current);
    return since && *current.last_modified <= *since;
}

} // namespace

precondition evaluate(const request& req, const validators& current) {
    if (!still_matches(req, current)) return precondition::failed;
    if (!known_already(req, current)) return precondition::proceed;
    return is_read(req) ? precondition::not_modified : precondition::failed;
}

bool range_applies(const request& req, const validators& current, std::chrono::sys_seconds now) {
    const auto condition = req.header("if-range");
    if (!req.has_header("if-range")) return true;
    detail::entity_tag tag;
    detail::entity_tag ours;
    auto rest = condition;
    auto own = current.etag;
    if (detail::take_entity_tag(rest, tag))
        return rest.empty() && detail::take_entity_tag(own, ours) && detail::strong_match(tag, ours);
    const auto date = date_of(req, "if-range", current);
    return date && *date == *current.last_modified && *date + std::chrono::seconds(1) <= now;
}

result<void> require_unchanged(const request& req, std::string_view etag) {
    if (evaluate(req, {.etag = etag, .exists = true}) != precondition::failed) return ok();
    return detail::framework_error(412, "the resource has changed since you read it");
}

std::string entity_tag_of(std::string_view bytes) {
    const auto digest = security::sha256(bytes);
    return '"' + security::base64url_encode(security::bytes_of(digest).substr(0, 16)) + '"';
}

} // namespace weir::http
