// SPDX-License-Identifier: MIT
#include "http/wire/head_parser.hpp"

#include "http/field/byte_scan.hpp"
#include "http/field/percent.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <cstring>
#include <string>
#include <vector>

using namespace weir::http;
using namespace weir::http::detail;
using namespace std::string_literals;

namespace {

/// A head and its bytes at the end of a heap block of their exact size, so that ASan detects reads past the end.
struct parsed {
    std::vector<char> block;
    head_verdict verdict;
    request_head head;

    parsed(std::string_view text, const head_limits& limits = {}) : block(text.begin(), text.end()) {
        verdict = parse_head(bytes(), limits, head);
    }

    std::string_view bytes() const { return {block.data(), block.size()}; }

    std::string_view value(known_field known) const {
        const auto* field = head.find(known);
        return field == nullptr ? std::string_view("(none)") : field->value_in(bytes());
    }
};

int status_of(std::string_view text, const head_limits& limits = {}) {
    const parsed result(text, limits);
    if (result.verdict.status == head_status::complete) return 200;
    if (result.verdict.status == head_status::incomplete) return 100;
    CHECK(std::string_view(result.verdict.reason) != "");
    return result.verdict.http_status;
}

std::string with_fields(std::string_view fields) {
    return "POST /orders HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

std::string with_line(std::string_view line) { return std::string(line) + "\r\nHost: a\r\n\r\n"; }

} // namespace

TEST_CASE("a request head yields its method, path, query, version and fields") {
    const parsed result(
        "GET /orders/7?full=1&x=? HTTP/1.1\r\nHost: shop.example:8080\r\nX-Trace:  abc d\t \r\nAccept:\r\n\r\nrest");
    REQUIRE(result.verdict.status == head_status::complete);
    const auto& head = result.head;
    CHECK(head.verb == method::get);
    CHECK(head.path_in(result.bytes()) == "/orders/7");
    CHECK(head.query_in(result.bytes()) == "full=1&x=?");
    CHECK(head.minor_version == 1);
    CHECK(head.keep_alive);
    CHECK(head.size == result.bytes().size() - 4);
    CHECK(head.authority_in(result.bytes()) == "shop.example:8080");
    REQUIRE(head.field_count == 3);
    CHECK(head.fields[1].name_in(result.bytes()) == "X-Trace");
    CHECK(head.fields[1].value_in(result.bytes()) == "abc d");
    CHECK(head.fields[1].known == known_field::none);
    CHECK(result.value(known_field::accept).empty());
    CHECK(result.value(known_field::cookie) == "(none)");
    CHECK(!head.has_body());
}

TEST_CASE("a reused head keeps nothing of the previous request") {
    request_head head;
    const std::string first =
        "POST http://b/x HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nContent-Length: 5\r\nCookie: a=b\r\n\r\n";
    REQUIRE(parse_head(first, {}, head).status == head_status::complete);
    CHECK(head.content_length == 5);
    CHECK(head.upgrade);
    const std::string second = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    REQUIRE(parse_head(second, {}, head).status == head_status::complete);
    CHECK(!head.has_content_length);
    CHECK(head.content_length == 0);
    CHECK(!head.upgrade);
    CHECK(head.keep_alive);
    CHECK(head.field_count == 1);
    CHECK(head.find(known_field::cookie) == nullptr);
    CHECK(head.authority_in(second) == "a");
    CHECK(head.minor_version == 1);
}

TEST_CASE("every known field is recognised case-insensitively, even in the last bytes of the buffer") {
    for (std::size_t i = 1; i < known_field_count; ++i) {
        const auto field = static_cast<known_field>(i);
        std::string upper(name(field));
        for (auto& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        CHECK(known_field_of(name(field)) == field);
        CHECK(known_field_of(upper) == field);
        CHECK(known_field_of(upper + "x") != field);
        auto other = upper;
        for (auto& c : other) {
            const auto kept = c;
            c = c == '-' ? '\r' : static_cast<char>(c ^ 1);
            CHECK(known_field_of(other) != field);
            c = kept;
        }
        if (i <= static_cast<std::size_t>(known_field::expect)) continue; // their values have a meaning
        for (const std::string tail : {"", "X-Filler: a value that is longer than thirty-two bytes\r\n"}) {
            const parsed result(with_fields(upper + ":v\r\n" + tail));
            REQUIRE(result.verdict.status == head_status::complete);
            CHECK(result.value(field) == "v");
        }
    }
    CHECK(known_field_of("") == known_field::none);
    CHECK(known_field_of("x-unheard-of") == known_field::none);
}

TEST_CASE("methods are case-sensitive, and a well-formed unknown one is left to the router") {
    CHECK(parsed(with_line("DELETE / HTTP/1.1")).head.verb == method::delete_);
    CHECK(parsed(with_line("TRACE / HTTP/1.1")).head.verb == method::trace);
    const parsed odd(with_line("g3t-it / HTTP/1.1"));
    CHECK(odd.verdict.status == head_status::complete);
    CHECK(odd.head.verb == method::unknown);
    CHECK(odd.head.method_in(odd.bytes()) == "g3t-it");
    CHECK(parsed(with_line("get / HTTP/1.1")).head.verb == method::unknown);
    CHECK(status_of(with_line("CONNECT a:443 HTTP/1.1")) == 501);
    for (std::size_t i = 0; i < method_count; ++i)
        CHECK(parse_method(name(static_cast<method>(i))) == static_cast<method>(i));
}

TEST_CASE("a malformed request line is 400") {
    for (const auto* line : {
             "",
             "GET",
             "GET /",
             "GET  / HTTP/1.1",
             "GET /  HTTP/1.1",
             " GET / HTTP/1.1",
             "GET\t/ HTTP/1.1",
             "GET /\tHTTP/1.1",
             "GET / HTTP/1.1 ",
             "GET / HTTP/1.10",
             "GET / HTTP/11.1",
             "GET / http/1.1",
             "GET / HTTP/1",
             "GET / HTTP/1.",
             "GET / HTTP/a.1",
             "GET / HTTP/1.x",
             "GET / HTTQ/1.1",
             "G(T / HTTP/1.1",
             "G\x80T / HTTP/1.1",
             "GET /a b HTTP/1.1",
             "GET /a#b HTTP/1.1",
             "GET /?a#b HTTP/1.1",
             "GET /\x7f HTTP/1.1",
             "GET /\x01 HTTP/1.1",
             "GET /caf\xc3\xa9 HTTP/1.1",
             "GET a HTTP/1.1",
             "GET * HTTP/1.1",
             "OPTIONS *? HTTP/1.1",
             "GET ? HTTP/1.1",
             "GET ftp://a/ HTTP/1.1",
             "GET mailto:a HTTP/1.1",
             "GET http:///a HTTP/1.1",
             "GET http:// HTTP/1.1",
             "GET http://?a HTTP/1.1",
             "GET http:/?/a HTTP/1.1",
             "GET http://u@a/ HTTP/1.1",
             "GET http://a:b/ HTTP/1.1",
         }) {
        CAPTURE(line);
        CHECK(status_of(with_line(line)) == 400);
    }
    CHECK(status_of("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s) == 400);
}

TEST_CASE("HTTP/1.x is served as 1.1, other versions are 505") {
    CHECK(parsed("GET / HTTP/1.0\r\n\r\n").head.minor_version == 0);
    CHECK(parsed(with_line("GET / HTTP/1.2")).head.minor_version == 1);
    CHECK(status_of("GET / HTTP/1.9\r\n\r\n") == 400); // no Host
    for (const auto* version : {"HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"})
        CHECK(status_of(with_line("GET / " + std::string(version))) == 505);
    CHECK(status_of("PRI * HTTP/2.0\r\n\r\n") == 505);
}

TEST_CASE("one CRLF before the request line is skipped, a second one isn't") {
    const parsed result("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(result.verdict.status == head_status::complete);
    CHECK(result.head.method_at == 2);
    CHECK(result.head.path_in(result.bytes()) == "/a");
    CHECK(result.head.size == result.bytes().size());
    CHECK(status_of("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("\r\n") == 100);
    CHECK(status_of("\rG") == 400);
}

TEST_CASE("an absolute-form target yields its path, and its host replaces the Host field") {
    const parsed result("GET HTTP://shop.example:80/a/b?c=/d HTTP/1.1\r\nHost: other\r\n\r\n");
    REQUIRE(result.verdict.status == head_status::complete);
    CHECK(result.head.path_in(result.bytes()) == "/a/b");
    CHECK(result.head.query_in(result.bytes()) == "c=/d");
    CHECK(result.head.authority_in(result.bytes()) == "shop.example:80");
    CHECK(result.value(known_field::host) == "other");

    const parsed bare("GET https://shop.example HTTP/1.1\r\nHost: other\r\n\r\n");
    REQUIRE(bare.verdict.status == head_status::complete);
    CHECK(bare.head.path_in(bare.bytes()) == "/");
    CHECK(bare.head.query_in(bare.bytes()).empty());

    const parsed query("GET http://shop.example?a=/b HTTP/1.1\r\nHost: other\r\n\r\n");
    REQUIRE(query.verdict.status == head_status::complete);
    CHECK(query.head.path_in(query.bytes()) == "/");
    CHECK(query.head.query_in(query.bytes()) == "a=/b");

    CHECK(status_of("GET http://a/ HTTP/1.1\r\n\r\n") == 400); // Host is still required
}

TEST_CASE("OPTIONS may ask for *") {
    const parsed result(with_line("OPTIONS * HTTP/1.1"));
    REQUIRE(result.verdict.status == head_status::complete);
    CHECK(result.head.path_in(result.bytes()) == "*");
}

TEST_CASE("Host is required on 1.1, once and valid") {
    CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 200);
    CHECK(status_of("GET / HTTP/1.0\r\nHost: a b\r\n\r\n") == 400);
    CHECK(status_of(with_fields("Host: a\r\n")) == 400);
    CHECK(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
    for (const auto* host : {"a", "a.example", "A-1_x~.example:8080", "127.0.0.1:1", "[::1]", "[2001:db8::7]:443",
                             "[::ffff:1.2.3.4]", "a:", "a:0", "a:65535", "xn--fiq228c.example"}) {
        CAPTURE(host);
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 200);
    }
    for (const auto* host :
         {"",
          ":80",
          "a b",
          "a/b",
          "a@b",
          "a:b",
          "a:65536",
          "a:99999999999999999999",
          "a:1:2",
          "a:-1",
          "[::1",
          "::1",
          "[]",
          "[1.2.3.4]",
          "[::1]x",
          "[::1]:x",
          "[v1.a]",
          "[fe80::1%eth0]",
          "a%2fb",
          "a\\b",
          "a\"b",
          "<a>",
          "h\xc3\xa9",
          "a?b",
          "a#b",
          "http://a",
          "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"}) {
        CAPTURE(host);
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 400);
    }
}

TEST_CASE("a malformed field line is 400") {
    for (const auto* line : {
             ": v",
             "Name : v",
             "Name\t: v",
             " Name: v",
             "\tName: v",
             "Name",
             "Na me: v",
             "Na(me: v",
             "N\xc3\xa9: v",
             "Name\x7f: v",
             "A: b\r\n folded",
             "A: b\r\n\tfolded",
             "A: b\rc",
             "A: b\nC: d",
             "A: \x01",
             "A: b\x7f",
             "A: b\r\r",
         }) {
        CAPTURE(line);
        CHECK(status_of(with_fields(std::string(line) + "\r\n")) == 400);
    }
    CHECK(status_of(with_fields("A: b\0c\r\n"s)) == 400);
    CHECK(status_of(with_fields("A\0: b\r\n"s)) == 400);
    CHECK(status_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\n\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\n\rx") == 400);
}

TEST_CASE("field names may contain every token character and values every text byte") {
    const parsed result(with_fields("!#$%&'*+-.^_`|~09azAZ: \x80\xff\t \"(),/:;<=>?@[\\]{}\r\n"));
    REQUIRE(result.verdict.status == head_status::complete);
    CHECK(result.head.fields[1].name_in(result.bytes()) == "!#$%&'*+-.^_`|~09azAZ");
    CHECK(result.head.fields[1].value_in(result.bytes()) == "\x80\xff\t \"(),/:;<=>?@[\\]{}");
}

TEST_CASE("blanks around a value aren't part of it") {
    for (const auto* line : {"X: a b", "X:a b", "X:  a b", "X: a b ", "X:\ta b\t", "X: \ta b \t "}) {
        CAPTURE(line);
        const parsed result(with_fields(std::string(line) + "\r\n"));
        REQUIRE(result.verdict.status == head_status::complete);
        CHECK(result.head.fields[1].value_in(result.bytes()) == "a b");
    }
}

TEST_CASE("every byte is checked for its position") {
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const std::string c(1, static_cast<char>(byte));
        const bool letter = std::isalnum(byte) != 0 && byte < 128;
        const bool token = letter || (byte != 0 && std::strchr("!#$%&'*+-.^_`|~", byte) != nullptr);
        const bool text = byte == '\t' || (byte >= ' ' && byte != 0x7f);
        const bool target = byte > ' ' && byte < 0x7f && byte != '#';
        CHECK(status_of(with_fields("X: a" + c + "b\r\n")) == (text ? 200 : 400));
        CHECK(status_of(with_fields("X" + c + "Y: b\r\n")) == (token || byte == ':' ? 200 : 400));
        CHECK(status_of(with_line("GET /a" + c + "b HTTP/1.1")) == (target ? 200 : 400));
        CHECK(status_of(with_line("G" + c + "T / HTTP/1.1")) == (token ? 200 : 400));
    }
}

TEST_CASE("Content-Length is one plain number") {
    const parsed result(with_fields("content-length: 0018446744073709551615\r\n"));
    REQUIRE(result.verdict.status == head_status::complete);
    CHECK(result.head.has_content_length);
    CHECK(result.head.content_length == 18446744073709551615U);
    for (const auto* value : {"", "+3", "-1", "0x3", "3, 3", "3,3", "3 3", "3;", "a", "18446744073709551616",
                              "99999999999999999999999", "\xb2", "1e3", "3.0", "\"3\""}) {
        CAPTURE(value);
        CHECK(status_of(with_fields("Content-Length: " + std::string(value) + "\r\n")) == 400);
    }
    CHECK(status_of(with_fields("Content-Length: 3\r\nContent-Length: 3\r\n")) == 400);
    CHECK(status_of(with_fields("Content-Length: 3\r\nContent-Length: 4\r\n")) == 400);
    CHECK(parsed(with_fields("Content_Length: 3\r\n")).head.has_content_length == false);
}

TEST_CASE("Transfer-Encoding must be exactly chunked") {
    const parsed result(with_fields("Transfer-Encoding: \tChunKed \r\n"));
    REQUIRE(result.verdict.status == head_status::complete);
    CHECK(result.head.chunked);
    CHECK(result.head.has_body());
    for (const auto* value :
         {"", "identity", "xchunked", "chunked, gzip", "chunked, chunked", "chunked chunked", "chunked;q=1",
          "chunked\x85", "\"chunked\"", ",chunked", "chunked,identity,chunked", "gzip;q=1, chunked", "\013chunked"}) {
        CAPTURE(value);
        CHECK(status_of(with_fields("Transfer-Encoding: " + std::string(value) + "\r\n")) == 400);
    }
    CHECK(status_of(with_fields("Transfer-Encoding: gzip, chunked\r\n")) == 501);
    CHECK(status_of(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(status_of(with_fields("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")) == 400);
    CHECK(status_of(with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(status_of(with_fields("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("the connection stays open according to the version and all Connection fields") {
    const auto kept = [](std::string_view version, std::string_view fields) {
        const parsed result("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n");
        REQUIRE(result.verdict.status == head_status::complete);
        return result.head.keep_alive;
    };
    CHECK(kept("1.1", ""));
    CHECK(!kept("1.1", "Connection: close\r\n"));
    CHECK(!kept("1.1", "Connection: x\r\nConnection: CLOSE\r\n"));
    CHECK(!kept("1.1", "Connection: keep-alive , Close\r\n"));
    CHECK(kept("1.1", "Connection: closer,, x-close,\r\n"));
    CHECK(kept("1.1", "Connection:\r\n"));
    CHECK(!kept("1.0", ""));
    CHECK(kept("1.0", "Connection: Keep-Alive\r\n"));
    CHECK(!kept("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
    CHECK(status_of(with_fields("Connection: a b\r\n")) == 400);
    CHECK(status_of(with_fields("Connection: close;q=1\r\n")) == 400);
}

TEST_CASE("Expect announces a wait only for 100-continue, with a body and on 1.1") {
    CHECK(parsed(with_fields("Expect: 100-Continue\r\nContent-Length: 3\r\n")).head.expect_continue);
    CHECK(parsed(with_fields("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n")).head.expect_continue);
    CHECK(!parsed(with_fields("Expect: 100-continue\r\n")).head.expect_continue);
    CHECK(!parsed(with_fields("Expect: 100-continue\r\nContent-Length: 0\r\n")).head.expect_continue);
    CHECK(status_of(with_fields("Expect: a miracle\r\n")) == 417);
    const parsed old("POST / HTTP/1.0\r\nExpect: a miracle\r\nContent-Length: 3\r\n\r\n");
    CHECK(old.verdict.status == head_status::complete);
    CHECK(!old.head.expect_continue);
}

TEST_CASE("lines, heads and field counts have limits to the byte") {
    const auto line = [](std::size_t size) { return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1"; };
    CHECK(status_of(with_line(line(8192))) == 200);
    CHECK(status_of(with_line(line(8193))) == 414);
    CHECK(status_of(line(8195).substr(0, 8194)) == 414); // without waiting for its end
    CHECK(status_of(std::string(9000, 'A')) == 414);

    const auto start = with_fields("A: " + std::string(8000, 'a') + "\r\nB: \r\n");
    const auto head = [&start](std::size_t size) {
        auto text = start;
        return text.insert(text.size() - 4, std::string(size - start.size(), 'b'));
    };
    CHECK(status_of(head(16384)) == 200);
    CHECK(status_of(head(16385)) == 431);
    CHECK(status_of(head(16385).substr(0, 16383)) == 100);
    CHECK(status_of(head(16385).substr(0, 16384)) == 431);

    std::string fields;
    for (int i = 0; i < 99; ++i) fields += "A: b\r\n";
    CHECK(parsed(with_fields(fields)).head.field_count == 100);
    CHECK(status_of(with_fields(fields)) == 200);
    CHECK(status_of(with_fields(fields + "A: b\r\n")) == 431);
    CHECK(status_of(with_fields("A: b\r\n"), {.fields = 1}) == 431);
    CHECK(status_of(with_fields("X: y\r\n"), {.fields = 500}) == 200);
}

TEST_CASE("a single header line may fill the head, regardless of the request line's limit") {
    const std::size_t room = 16384 - with_fields("A: \r\n").size();
    for (const head_limits& limits : {head_limits{}, head_limits{.line = 32}}) {
        CHECK(status_of(with_fields("A: " + std::string(room, 'a') + "\r\n"), limits) == 200);
        CHECK(status_of(with_fields("A: " + std::string(room + 1, 'a') + "\r\n"), limits) == 431);
        CHECK(status_of(with_fields("A:\xc3\xa9 " + std::string(room - 2, 'a') + "\r\n"), limits) == 200);
        CHECK(status_of(with_fields("A: " + std::string(9000, 'a')), limits) == 100);
        CHECK(status_of(with_fields(std::string(17000, 'a')), limits) == 431);
    }
}

TEST_CASE("a name too long for head_field is refused under wide limits") {
    const head_limits wide{.line = 200'000, .head = 400'000};
    CHECK(status_of(with_fields(std::string(65535, 'a') + ": b\r\n"), wide) == 200);
    CHECK(status_of(with_fields(std::string(65536, 'a') + ": b\r\n"), wide) == 431);
    CHECK(status_of(with_fields(std::string(65536, '1') + ": b\r\n"), wide) == 431);
}

TEST_CASE("a reparse makes sense at a line end and at every further KiB") {
    std::uint32_t scanned = 0;
    std::string bytes = "GET / HT";
    CHECK(!may_complete(bytes, scanned));
    bytes += "TP/1.1\r";
    CHECK(!may_complete(bytes, scanned));
    bytes += "\n";
    CHECK(may_complete(bytes, scanned));
    CHECK(!may_complete(bytes, scanned));
    bytes += std::string(1100, 'a');
    CHECK(may_complete(bytes, scanned));
    bytes += "a";
    CHECK(!may_complete(bytes, scanned));
}

TEST_CASE("a path is called plain only if check_path accepts it without decoding") {
    for (const char* const path : {"/", "/a", "/orders/7/items", "/a-b_c~d!$&'()*+,;=:@/15-byte-segment/x"}) {
        const parsed result("GET "s + path + "?q=%41..%00 HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(check_path(result.head.path_in(result.bytes())) == percent_verdict::ok);
#ifdef WEIR_SCAN_SSE2
        CHECK(result.head.plain_path);
#endif
    }
    for (const std::size_t size : {0U, 1U, 14U, 15U, 16U, 31U, 40U}) // the special byte anywhere in a block
        for (const char* const odd : {"%41", "%2e", "%00", "%zz", ".", "/../x", "/.", "x/."}) {
            const parsed result("GET /" + std::string(size, 'a') + odd + " HTTP/1.1\r\nHost: a\r\n\r\n");
            REQUIRE(result.verdict.status == head_status::complete);
            CHECK_FALSE(result.head.plain_path);
        }
    request_head reused = parsed("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n").head;
    parse_head("GET http://a/../x HTTP/1.1\r\nHost: a\r\n\r\n", {}, reused);
    CHECK_FALSE(reused.plain_path);
}

TEST_CASE("a Host gets the same verdict wherever its special byte is and however close to the end of the bytes it is") {
    for (const std::size_t size : {1U, 8U, 15U, 16U, 17U, 32U, 33U}) {
        const std::string name(size, 'h');
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + name + "\r\n\r\n") == 200);
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + name + ":80\r\n\r\n") == 200);
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + name + " h\r\n\r\n") == 400);
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + name + "/\r\n\r\n") == 400);
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + name + "\r\nHost: h\r\n\r\n") == 400);
    }
    CHECK(status_of("GET / HTTP/1.1\r\nHost:  \r\n\r\n") == 400);
    const parsed own("GET http://target/ HTTP/1.1\r\nHost: other\r\n\r\n");
    CHECK(own.head.authority_in(own.bytes()) == "target");
}
