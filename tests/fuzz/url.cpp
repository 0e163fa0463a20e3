// SPDX-License-Identifier: MIT
// A URL accepted by the client has one meaning: written out it is accepted again as the same, and the server's parser
// accepts its Host and target. A URL built from data decodes to exactly that data. A query is read like by a naive
// reader, pair by pair, up to the first one that can't be decoded.
#include "http/client/url.hpp"

#include "fuzz/require.hpp"
#include "http/field/authority.hpp"
#include "http/field/percent.hpp"
#include "http/wire/head_parser.hpp"
#include <weir/core/utf8.hpp>
#include <weir/http/url_builder.hpp>

#include <algorithm>
#include <optional>
#include <vector>

using namespace weir::http;
using namespace weir::http::detail;

namespace {

void check_url(std::string_view text) {
    const auto url = parse_client_url(text);
    if (!url) return require(url.error() == weir::errc::invalid_argument);
    const auto again = parse_client_url(url->whole());
    require(again && again->whole() == url->whole() && again->pool_key() == url->pool_key());
    require(url->host.find_first_of("@/?# \r\n") == std::string::npos && url->port != 0);
    const bool v6 = url->host.find(':') != std::string::npos; // its digits are checked by the resolver
    require(v6 || valid_authority(url->authority()));
    const std::string request = "GET " + url->target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    request_head head;
    if (request.size() < head_limits().line) require(parse_head(request, {}, head).status == head_status::complete);
}

/// Decodes two hex digits after a '%', and '+' as a space; returns nothing for an incomplete escape.
std::optional<std::string> plainly_decoded(std::string_view raw) {
    std::string out;
    for (std::size_t at = 0; at < raw.size(); ++at) {
        if (raw[at] != '%') {
            out += raw[at] == '+' ? ' ' : raw[at];
            continue;
        }
        const std::string digits(raw.substr(at + 1, 2));
        if (digits.size() < 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return {};
        out += static_cast<char>(std::stoi(digits, nullptr, 16));
        if (out.back() == '\0') return {};
        at += 2;
    }
    if (!weir::is_utf8(out)) return {};
    return out;
}

void check_query(std::string_view query) {
    std::string scratch;
    query_pairs pairs(query, scratch);
    for (auto rest = query; !rest.empty();) {
        const auto piece = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
        if (piece.empty()) continue;
        const auto equals = std::min(piece.find('='), piece.size());
        const auto key = plainly_decoded(piece.substr(0, equals));
        const auto value = plainly_decoded(piece.substr(std::min(equals + 1, piece.size())));
        const bool taken = pairs.next();
        require(taken == (key && value));
        if (!taken) return require(pairs.verdict() != percent_verdict::ok);
        require(pairs.pair().key == *key && pairs.pair().value == *value);
    }
    require(!pairs.next() && pairs.verdict() == percent_verdict::ok);
}

/// Builds a URL from the input's lines: a segment, then names and values.
void check_built(std::string_view text) {
    std::vector<std::string> lines(1);
    for (const char c : text.substr(0, 2000)) {
        if (c == '\n')
            lines.emplace_back();
        else
            lines.back() += c;
    }
    url_builder built("http://a.example/x");
    built.segment(lines.front());
    for (std::size_t i = 1; i + 1 < lines.size(); i += 2) built.query(lines[i], lines[i + 1]);
    const auto url = parse_client_url(built.str());
    require(url && url->host == "a.example" && url->whole() == built.str());
    const auto path = std::string_view(url->target).substr(0, url->target.find('?'));
    std::string segment;
    require(path.starts_with("/x/") && path.find('/', 3) == path.npos);
    const bool text_only = weir::is_utf8(lines.front()) && lines.front().find('\0') == std::string::npos;
    require((decode_segment(path.substr(3), segment) == percent_verdict::ok) == text_only);
    require(!text_only || segment == lines.front());
    const auto pairs = std::count(url->target.begin(), url->target.end(), '=');
    require(static_cast<std::size_t>(pairs) == (lines.size() - 1) / 2);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_url(bytes);
    check_query(bytes);
    check_built(bytes);
    return 0;
}
