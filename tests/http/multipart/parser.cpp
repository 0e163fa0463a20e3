// SPDX-License-Identifier: MIT
#include <weir/http/multipart_parser.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using http::multipart_event;
using http::multipart_head;
using http::multipart_limits;
using http::multipart_parser;

namespace {

constexpr std::string_view parsed_type = "multipart/form-data; boundary=b1";
constexpr std::size_t whole = 1U << 20;

std::string described(const multipart_head& head) {
    return head.name + (head.is_file ? "(" + head.filename + "|" + head.content_type + ")" : "") + "=";
}

// Records the parser's events until it has used up its input; the status if it refuses.
int drain(multipart_parser& parser, std::string& seen) {
    for (;;) {
        const auto event = parser.next();
        if (!event) return event.error().status();
        switch (*event) {
        case multipart_event::part:
            seen += described(parser.head());
            break;
        case multipart_event::data:
            seen += parser.data();
            break;
        case multipart_event::part_end:
            seen += ';';
            break;
        case multipart_event::more:
        case multipart_event::end:
            return 0;
        }
    }
}

// The contents of a body fed in pieces of that size: `name=content;` for a field, `name(filename|type)=content;` for a
// file, `cut` if it is incomplete, the status if it is refused.
std::string parsed(std::string_view body, std::size_t piece = whole, multipart_limits limits = {}) {
    auto parser = multipart_parser::for_type(parsed_type, limits).value();
    std::string seen;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const std::string chunk(body.substr(at, piece)); // freed afterwards, like a connection's bytes
        parser.feed(chunk);
        if (const int status = drain(parser, seen)) {
            CHECK(parser.next().error().status() == status); // permanently
            return std::to_string(status);
        }
    }
    return parser.complete() ? seen : seen + "cut";
}

int type_status(std::string_view content_type) {
    const auto parser = multipart_parser::for_type(content_type);
    return parser ? 200 : parser.error().status();
}

// A form with one part with these header lines.
std::string one_part(std::string_view head, std::string_view content = "x") {
    std::string body = "--b1\r\n";
    return body.append(head).append("\r\n\r\n").append(content).append("\r\n--b1--\r\n");
}

std::string with_disposition(const char* rest) {
    return parsed(one_part(std::string("Content-Disposition: form-data") + rest));
}

// A form as browsers send it, with data that looks like a boundary nearly to the end.
const std::string sample_form =
    "--b1\r\n"
    "Content-Disposition: form-data; name=\"title\"\r\n"
    "\r\n"
    "two\r\nlines\r\n--b\r\n-\r\n\r\n"
    "\r\n--b1\r\n"
    "content-disposition:form-data; name=\"photo\"; filename=\"me.png\"\r\n"
    "Content-Type: image/png\r\n"
    "\r\n"
    "\r\r\n--b\r\r\n--\r"
    "\r\n--b1\r\n"
    "Content-Disposition: form-data; name=empty\r\n"
    "\r\n"
    "\r\n--b1--\r\n";
const std::string seen_of_form =
    "title=two\r\nlines\r\n--b\r\n-\r\n\r\n;photo(me.png|image/png)=\r\r\n--b\r\r\n--\r;empty=;";

} // namespace

TEST_CASE("fields and files are parsed unchanged, however the bytes are split") {
    for (std::size_t piece = 1; piece <= sample_form.size(); ++piece) {
        CAPTURE(piece);
        CHECK(parsed(sample_form, piece) == seen_of_form);
    }
}

TEST_CASE("a form cut at any byte is recognised as incomplete") {
    for (std::size_t size = 0; size + 2 < sample_form.size(); ++size) {
        CAPTURE(size);
        CHECK(parsed(std::string_view(sample_form).substr(0, size)).ends_with("cut"));
    }
    CHECK(parsed(std::string_view(sample_form).substr(0, sample_form.size() - 2)) == seen_of_form);
}

TEST_CASE("data in one piece stays in one piece") {
    auto parser = multipart_parser::for_type(parsed_type).value();
    const std::string body = one_part("Content-Disposition: form-data; name=a; filename=b", std::string(100000, '\r'));
    parser.feed(body);
    CHECK(parser.next().value() == multipart_event::part);
    CHECK(parser.next().value() == multipart_event::data);
    CHECK(parser.data().size() == 100000);
    CHECK(parser.data().data() == body.data() + body.find("\r\n\r\n") + 4);
    CHECK(parser.next().value() == multipart_event::part_end);
    CHECK(parser.next().value() == multipart_event::end);
    CHECK(parser.next().value() == multipart_event::end);
}

TEST_CASE("a form may be empty") {
    CHECK(parsed("--b1--") == "");
    CHECK(parsed("--b1--\r\n") == "");
}

TEST_CASE("a preamble and an epilogue are ignored, however the bytes are split") {
    const std::string long_text(1000, '-');
    for (const std::string& preamble :
         {std::string("\r\n"), std::string("\r\n\r\n"), std::string("This is multipart.\r\n"), std::string("\r\r\n"),
          std::string("--b\r\n"), std::string("--b2--\r\n"), std::string("\0\xff\n--\r\n--b\r\n", 12),
          long_text + "\r\n"})
        for (const std::string& epilogue :
             {std::string(), std::string("x"), std::string("\r\n"), sample_form, "\r\n--b1--" + long_text}) {
            CAPTURE(preamble);
            CAPTURE(epilogue);
            const std::string body = preamble + sample_form + epilogue;
            for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 1000000U}) CHECK(parsed(body, piece) == seen_of_form);
        }
    CHECK(parsed("--b2--") == "cut");
    CHECK(parsed("b1--", 1) == "cut");
    CHECK(parsed(std::string(100000, '\r'), 100) == "cut");
}

TEST_CASE("a boundary that isn't alone on its line is refused") {
    for (const std::string& body :
         {"\n" + sample_form, "x" + sample_form, "preamble\r\n\n" + sample_form, "preamble\r" + sample_form,
          std::string("--b1--x"), std::string("--b1--\n"), std::string("--b1--\rx"), std::string("--b1 \r\n"),
          std::string("--b1-x"), std::string("--b1\n\n"), "preamble\r\n--b1x\r\n" + sample_form,
          one_part("Content-Disposition: form-data; name=a", "x\r\n--b1x")}) {
        CAPTURE(body);
        CHECK(parsed(body) == "400");
        CHECK(parsed(body, 1) == "400");
    }
}

TEST_CASE("a part's header is parsed strictly") {
    for (const char* head :
         {"", "Content-Type: text/plain", "Content-Disposition: form-data", "Content-Disposition: attachment; name=a",
          "Content-Disposition : form-data; name=a", "Content-Disposition: form-data;\r\n name=a",
          "Content-Disposition: form-data; name=a\nX: y", "Content-Disposition: form-data; name=a\rX: y",
          "Content-Disposition: form-data; name=a\r\nnonsense",
          "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
          "Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\ncontent-type: c/d",
          "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"}) {
        CAPTURE(head);
        CHECK(parsed(one_part(head)) == "400");
    }
    CHECK(parsed(one_part(std::string_view("Content-Disposition: form-data; name=a\r\nX: \0", 44))) == "400");
    CHECK(parsed(one_part("Content-Disposition: form-data; name=a\r\nX-More: y\r\nContent-Transfer-Encoding: 8BIT")) ==
          "a=x;");
}

TEST_CASE("names are unquoted, once each, and UTF-8") {
    CHECK(with_disposition("; name=\"a b; c=d\"") == "a b; c=d=x;");
    CHECK(with_disposition(" ;  NAME = a") == "400");
    CHECK(with_disposition(" ;  NAME=\"\\\"q\\\"\"") == "\"q\"=x;");
    CHECK(with_disposition("; name=\"\xe5\xbc\xa0\"") == "\xe5\xbc\xa0=x;");
    CHECK(with_disposition("; name=\"\"") == "=x;");
    CHECK(with_disposition("; name=a;") == "a=x;"); // RFC 9110 section 5.6.6: parameters may be empty
    CHECK(with_disposition("; ;; name=a ; ") == "a=x;");
    for (const char* bad : {"; name", "; name=", "; name=\"a", "; name=a b", "; name=a; name=b", "; name=\"\xff\"",
                            "; name=a;b", "name=a", "; name=a, name=b", "; =a", "; name=a; filename=b; filename=c"}) {
        CAPTURE(bad);
        CHECK(with_disposition(bad) == "400");
    }
}

TEST_CASE("a file's name is its last path component, and never leads out of a folder") {
    const auto name = [](const char* given) {
        return with_disposition((std::string("; name=f; filename=") + given).c_str());
    };
    CHECK(name("\"me.png\"") == "f(me.png|application/octet-stream)=x;");
    CHECK(name("\"../../etc/passwd\"") == "f(passwd|application/octet-stream)=x;");
    CHECK(name("\"C:\\dir\\me.png\"") == "f(me.png|application/octet-stream)=x;");
    CHECK(name("\"C:\\\\dir\\\\me.png\"") == "f(me.png|application/octet-stream)=x;");
    for (const char* nothing : {"\"\"", "\"..\"", "\".\"", "\"a/..\"", "\"/\"", "\"a\\\\\""}) {
        CAPTURE(nothing);
        CHECK(name(nothing) == "f(|application/octet-stream)=x;");
    }
    CHECK(name("a.txt; filename*=utf-8''b.txt") == "f(a.txt|application/octet-stream)=x;");
    CHECK(name("\"\xff\"") == "400");
}

TEST_CASE("a part with only filename* is a file, its name decoded from UTF-8") {
    const auto name = [](const char* given) {
        return with_disposition((std::string("; name=f; filename*=") + given).c_str());
    };
    CHECK(name("UTF-8''%e5%bc%a0.png") == "f(\xe5\xbc\xa0.png|application/octet-stream)=x;");
    CHECK(name("utf-8'zh-CN'me.png") == "f(me.png|application/octet-stream)=x;");
    CHECK(name("\"utf-8''me.png\"") == "f(me.png|application/octet-stream)=x;");
    CHECK(name("%e5%bc%a0.png") == "f(\xe5\xbc\xa0.png|application/octet-stream)=x;");
    CHECK(name("UTF-8''..%2F..%5cpasswd") == "f(passwd|application/octet-stream)=x;");
    CHECK(name("UTF-8''%2e%2e") == "f(|application/octet-stream)=x;");
    CHECK(name("UTF-8''") == "f(|application/octet-stream)=x;");
    for (const char* bad : {"UTF-8''%ff", "UTF-8''%00", "UTF-8''a%0d%0ab", "UTF-8''%7f", "UTF-8''%4", "UTF-8''%zz",
                            "UTF-8'", "ISO-8859-1''a", "''a", "UTF-8''a; filename*=UTF-8''b"}) {
        CAPTURE(bad);
        CHECK(name(bad) == "400");
    }
    CHECK(name("UTF-8''%ff; filename=b.txt") == "f(b.txt|application/octet-stream)=x;");
}

TEST_CASE("input over a limit is a 413, as soon as it is exceeded") {
    const auto limited = [](std::string_view body, multipart_limits limits) { return parsed(body, 1, limits); };
    CHECK(limited(sample_form, {.parts = 3}) == seen_of_form);
    CHECK(limited(sample_form, {.parts = 2}) == "413");
    const std::string field = one_part("Content-Disposition: form-data; name=a", "12345");
    CHECK(limited(field, {.field = 5, .file = 0}) == "a=12345;");
    CHECK(limited(field, {.field = 4}) == "413");
    const std::string file = one_part("Content-Disposition: form-data; name=a; filename=f", "12345");
    CHECK(limited(file, {.field = 0, .file = 5}) == "a(f|application/octet-stream)=12345;");
    CHECK(limited(file, {.file = 4}) == "413");
    CHECK(limited(field, {.head = 38}) == "a=12345;");
    CHECK(limited(field, {.head = 37}) == "413");
    CHECK(limited("--b1\r\n" + std::string(100, 'x'), {.head = 50}) == "413");
}

TEST_CASE("the boundary comes from a multipart/form-data type, once and well-formed") {
    for (const char* good :
         {"multipart/form-data; boundary=b1", "multipart/form-data; boundary=b1;",
          "Multipart/Form-Data;boundary=\"a b'()+_,-./:=?c\"",
          "multipart/form-data; charset=utf-8; BOUNDARY=----WebKitFormBoundary7MA4YWxkTrZu0gW"})
        CHECK(type_status(good) == 200);
    for (const char* other : {"", "application/json", "multipart/mixed; boundary=b1",
                              "multipart/form-datax; boundary=b", "multipart/form-data, boundary=b"})
        CHECK(type_status(other) == 415);
    for (const char* bad :
         {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
          "multipart/form-data; boundary=\"b \"", "multipart/form-data; boundary=\"b;\"",
          "multipart/form-data; boundary=\"b\\\\\"", "multipart/form-data; boundary=a; boundary=b",
          "multipart/form-data; boundary=\"b"}) {
        CAPTURE(bad);
        CHECK(type_status(bad) == 400);
    }
    CHECK(type_status("multipart/form-data; boundary=" + std::string(70, 'b')) == 200);
    CHECK(type_status("multipart/form-data; boundary=" + std::string(71, 'b')) == 400);
}
