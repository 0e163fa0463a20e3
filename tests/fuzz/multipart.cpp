// SPDX-License-Identifier: MIT
// A form is parsed alike however its bytes are split, respects its limits, and names no folder.
#include "fuzz/require.hpp"
#include <weir/core/utf8.hpp>
#include <weir/http/multipart_parser.hpp>

#include <string>
#include <string_view>

using namespace weir::http;

namespace {

constexpr multipart_limits limits{.parts = 4, .head = 200, .field = 50, .file = 100};

void check_head(const multipart_head& head) {
    require(weir::is_utf8(head.name) && weir::is_utf8(head.filename));
    require(head.filename.find_first_of("/\\") == std::string::npos && head.filename != "..");
    require(head.is_file || head.filename.empty());
}

// Appends the events found; false if the form is refused.
bool drain(multipart_parser& parser, std::string& seen) {
    for (;;) {
        const auto event = parser.next();
        if (!event) {
            require(event.error().status() == 400 || event.error().status() == 413);
            require(!parser.next() && !parser.complete());
            seen = std::to_string(event.error().status());
            return false;
        }
        if (*event == multipart_event::more || *event == multipart_event::end) return true;
        if (*event == multipart_event::part) {
            check_head(parser.head());
            seen.append("\n").append(parser.head().name).append("\n").append(parser.head().content_type).append("\n");
        }
        if (*event == multipart_event::data) {
            require(!parser.data().empty());
            seen += parser.data();
        }
    }
}

std::string read(std::string_view body, std::size_t piece) {
    auto parser = multipart_parser::for_type("multipart/form-data; boundary=b1", limits).value();
    std::string seen;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const std::string chunk(body.substr(at, piece));
        parser.feed(chunk);
        if (!drain(parser, seen)) return seen;
    }
    return seen + (parser.complete() ? "whole" : "cut");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto whole = read(body, size);
    require(whole.size() <= size + 200);
    for (const std::size_t piece : {1U, 2U, 5U, 13U}) require(read(body, piece) == whole);
    static_cast<void>(multipart_parser::for_type(body));
    return 0;
}
