// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/field/http_date.hpp"
#include "http/message/not_modified.hpp"
#include <weir/http/conditional.hpp>
#include <weir/http/middleware/etag.hpp>

namespace weir::http {

namespace {

bool is_stored(const response& res) {
    for (detail::comma_list list(res.headers.find("cache-control")); list.next();)
        if (detail::equal_no_case(list.element(), "no-store")) return false;
    return true;
}

bool takes_part(const request& req, const response& res) {
    const bool read = req.method() == method::get || req.method() == method::head;
    return read && res.status == 200 && !res.body.empty() && is_stored(res);
}

void add_tag(request& req, response& res) {
    if (!takes_part(req, res)) return;
    const bool has_validator = res.headers.contains("etag") || res.headers.contains("last-modified");
    if (!has_validator) res.headers.add("etag", entity_tag_of(res.body));
    validators current{.etag = res.headers.find("etag")};
    current.last_modified = detail::parse_http_date(res.headers.find("last-modified"), {});
    switch (evaluate(req, current)) {
    case precondition::proceed:
        return;
    case precondition::not_modified:
        return detail::become_not_modified(res);
    case precondition::failed:
        return detail::become_failed(res);
    }
}

} // namespace

middleware etag() {
    middleware layer;
    layer.after = add_tag;
    return layer;
}

} // namespace weir::http
