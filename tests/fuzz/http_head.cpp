// SPDX-License-Identifier: MIT
// For any input an accepted head has one meaning only, and splitting or rewriting it changes nothing.
#include "fuzz/require.hpp"
#include "http/field/authority.hpp"
#include "http/field/byte_scan.hpp"
#include "http/wire/head_parser.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace weir::http;
using namespace weir::http::detail;

namespace {

/// Parses a copy of exactly this size, so that the sanitizer detects reads past its end.
head_verdict parse(std::string_view bytes, request_head& head) {
    const std::vector<char> block(bytes.begin(), bytes.end());
    return parse_head({block.data(), block.size()}, {}, head);
}

bool is_token(std::string_view text) {
    const char* const end = text.data() + text.size();
    return !text.empty() && skip_class(byte_class::token, text.data(), end) == end;
}

void check_field(const head_field& field, const request_head& head, std::string_view bytes) {
    require(field.value + field.value_size + 2 <= head.size);
    require(is_token(field.name_in(bytes)));
    require(field.known == known_field_of(field.name_in(bytes)));
    const auto value = field.value_in(bytes);
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    if (value.empty()) return;
    for (const char c : {value.front(), value.back()}) require(c != ' ' && c != '\t');
}

void check_accepted(const request_head& head, std::string_view bytes) {
    require(head.size <= bytes.size() && bytes.substr(0, head.size).ends_with("\r\n\r\n"));
    require(is_token(head.method_in(bytes)) && parse_method(head.method_in(bytes)) == head.verb);
    require(head.verb != method::connect);
    const auto path = head.path_in(bytes);
    require(path.starts_with('/') || (path == "*" && head.verb == method::options));
    std::size_t hosts = 0;
    for (std::size_t i = 0; i < head.field_count; ++i) {
        check_field(head.fields[i], head, bytes);
        hosts += head.fields[i].known == known_field::host ? 1U : 0U;
    }
    require(hosts == 1 || (hosts == 0 && head.minor_version == 0));
    require(head.authority_size == 0 || valid_authority(head.authority_in(bytes)));
    require(!head.chunked || (!head.has_content_length && head.minor_version == 1));
}

/// The same request in a form that avoids the parser's fast paths.
std::string rewritten(const request_head& head, std::string_view bytes) {
    std::string text = "\r\n";
    text.append(head.method_in(bytes)).append(" ");
    text.append(bytes.substr(head.target, head.target_size).starts_with('?') || head.target_size == 0 ? "/" : "");
    text.append(bytes.substr(head.target, head.target_size));
    text.append(head.minor_version == 0 ? " HTTP/1.0\r\n" : " HTTP/1.7\r\n");
    for (std::size_t i = 0; i < head.field_count; ++i)
        text.append(head.fields[i].name_in(bytes)).append(":").append(head.fields[i].value_in(bytes)).append(" \r\n");
    return text.append("\r\n");
}

void check_same(const request_head& a, std::string_view a_bytes, const request_head& b, std::string_view b_bytes) {
    require(a.verb == b.verb && a.minor_version == b.minor_version && a.keep_alive == b.keep_alive);
    require(a.chunked == b.chunked && a.has_content_length == b.has_content_length);
    require(a.content_length == b.content_length && a.expect_continue == b.expect_continue && a.upgrade == b.upgrade);
    require(a.path_in(a_bytes) == b.path_in(b_bytes) && a.query_in(a_bytes) == b.query_in(b_bytes));
    require(a.field_count == b.field_count && a.first_known == b.first_known);
    for (std::size_t i = 0; i < a.field_count; ++i) {
        require(a.fields[i].name_in(a_bytes) == b.fields[i].name_in(b_bytes));
        require(a.fields[i].value_in(a_bytes) == b.fields[i].value_in(b_bytes));
        require(a.fields[i].known == b.fields[i].known);
    }
}

void check_split(const head_verdict& whole, const request_head& head, std::string_view bytes, std::size_t size) {
    static const auto part = std::make_unique<request_head>();
    const auto early = parse(bytes.substr(0, size), *part);
    if (whole.status == head_status::complete && size >= head.size) {
        require(early.status == head_status::complete && part->size == head.size);
        check_same(head, bytes, *part, bytes);
    } else if (early.status != head_status::incomplete) {
        require(early.status == whole.status && early.http_status == whole.http_status && early.reason == whole.reason);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static const auto head = std::make_unique<request_head>();
    static const auto other = std::make_unique<request_head>();
    const auto verdict = parse(bytes, *head);
    require((verdict.status == head_status::refused) == (verdict.http_status != 0));
    const std::size_t step = size < 600 ? 1 : size / 97;
    for (std::size_t part = 0; part < size; part += step) check_split(verdict, *head, bytes, part);
    if (verdict.status != head_status::complete) return 0;
    check_accepted(*head, bytes);
    const auto plain = rewritten(*head, bytes);
    const bool within_limits = head->size + 3U * head->field_count + 8 < head_limits().line;
    if (!within_limits) return 0;
    require(parse(plain, *other).status == head_status::complete);
    check_same(*head, bytes, *other, plain);
    return 0;
}
