// SPDX-License-Identifier: MIT
// Tags and dates of conditions: a parsed value can be written and parsed again; strong equality is stricter than weak.
#include "http/field/entity_tag.hpp"

#include "fuzz/require.hpp"
#include "http/field/http_date.hpp"

#include <string>
#include <string_view>

using namespace weir::http::detail;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    entity_tag tag;
    auto rest = text;
    if (take_entity_tag(rest, tag)) {
        std::string written = tag.weak ? "W/\"" : "\"";
        written.append(tag.opaque).append("\"");
        require(text.substr(0, text.size() - rest.size()) == written);
        require(lists_tag(written, tag, tag_comparison::weak));
        require(lists_tag("\"another\", " + written, tag, tag_comparison::strong) != tag.weak);
        if (lists_tag(text, tag, tag_comparison::strong)) require(lists_tag(text, tag, tag_comparison::weak));
    }
    const http_time now{std::chrono::seconds(1780000000)};
    if (const auto date = parse_http_date(text, now)) require(parse_http_date(format_http_date(*date), now) == *date);
    return 0;
}
