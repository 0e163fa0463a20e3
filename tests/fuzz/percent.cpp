// SPDX-License-Identifier: MIT
// Decoded text is UTF-8 without NUL and survives encoding again; a checked path decodes segment by segment and reaches
// the same route as in plain text.
#include "http/field/percent.hpp"

#include "fuzz/require.hpp"
#include "http/routing/route_tree.hpp"
#include <weir/core/utf8.hpp>

#include <array>
#include <string>
#include <string_view>

using namespace weir::http;
using namespace weir::http::detail;

namespace {

void check_decoded(std::string_view text) {
    require(weir::is_utf8(text) && text.find('\0') == std::string_view::npos);
    std::string encoded;
    std::string again;
    percent_encode(text, encoded);
    require(decode_segment(encoded, again) == percent_verdict::ok && again == text);
    again.clear();
    require(decode_query(encoded, again) == percent_verdict::ok && again == text);
}

void check_segment(std::string_view raw) {
    std::string text;
    require(decode_segment(raw, text) == percent_verdict::ok);
    require(("/" + text + "/").find("/../") == std::string::npos &&
            ("/" + text + "/").find("/./") == std::string::npos);
    check_decoded(text);
    std::array<char, 64> room{};
    const auto size = decode_segment(raw, std::span<char>(room));
    require(size == (text.size() <= room.size() ? text.size() : 0));
    require(std::string_view(room.data(), size) == std::string_view(text).substr(0, size));
}

void check_query(std::string_view query) {
    std::string scratch;
    std::string joined;
    query_pairs pairs(query, scratch);
    while (pairs.next()) {
        for (const auto part : {pairs.pair().key, pairs.pair().value})
            if (part.find('\0') == std::string_view::npos) check_decoded(part);
        joined.append(pairs.pair().key).append(pairs.pair().value);
    }
    require(joined.size() <= query.size());
}

const route_tree& tree() {
    static const route_tree built = [] {
        route_tree made;
        std::uint32_t index = 0;
        for (const auto* pattern :
             {"/", "/a", "/a/{x}", "/a/{x}/b", "/a b/{*rest}", "/{x}/{y}/long-static-text", "/b/"})
            require(made.insert(method::get, pattern, index++).has_value());
        return made;
    }();
    return built;
}

void check_match(std::string_view path) {
    const auto found = tree().match(method::get, path);
    require(found.capture_count <= max_route_captures);
    if (!found.found()) return;
    for (std::size_t i = 0; i < found.capture_count; ++i) {
        const auto& capture = found.captures[i];
        require(capture.at >= 1 && path[capture.at - 1] == '/' && capture.at + capture.size <= path.size());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_query(bytes);
    check_match(bytes);
    if (check_path(bytes) != percent_verdict::ok || bytes.find('\0') != std::string_view::npos) return 0;
    for (auto rest = bytes;;) {
        const auto slash = rest.find('/');
        check_segment(rest.substr(0, slash));
        if (slash == std::string_view::npos) return 0;
        rest.remove_prefix(slash + 1);
    }
}
