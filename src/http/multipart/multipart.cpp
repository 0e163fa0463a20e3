// SPDX-License-Identifier: MIT
#include "http/message/framework_errors.hpp"
#include <weir/http/multipart.hpp>

#include <algorithm>

namespace weir::http {

namespace {

const multipart_part* find_part(const std::vector<multipart_part>& parts, std::string_view name,
                                bool is_file) noexcept {
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const auto& one) {
        return one.head.is_file == is_file && one.head.name == name;
    });
    return found == parts.end() ? nullptr : &*found;
}

} // namespace

std::optional<std::string_view> multipart::field(std::string_view name) const noexcept {
    const auto* part = find_part(parts_, name, false);
    return part ? std::optional(part->content) : std::nullopt;
}

const multipart_part* multipart::file(std::string_view name) const noexcept { return find_part(parts_, name, true); }

result<multipart> parse_multipart(const request& req, multipart_limits limits) {
    auto parser = multipart_parser::for_type(req.header("content-type"), limits);
    if (!parser) return parser.error();
    if (error coded = detail::require_uncoded(req)) return coded;
    std::vector<multipart_part> parts;
    parser->feed(req.body());
    for (;;) {
        const auto event = parser->next();
        if (!event) return event.error();
        switch (*event) {
        case multipart_event::more:
            return detail::framework_error(400, "multipart: the body ends before its last boundary");
        case multipart_event::part:
            parts.push_back({parser->head()});
            break;
        case multipart_event::data: // in one piece, like the body
            parts.back().content = parser->data();
            break;
        case multipart_event::part_end:
            break;
        case multipart_event::end:
            return multipart(std::move(parts));
        }
    }
}

} // namespace weir::http
