// SPDX-License-Identifier: MIT
#include "http/wire/content_decoder.hpp"
#include "http/wire/content_encoder.hpp"
#include "support/decode.hpp"
#include <weir/http/middleware/compress.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace weir;
using http::detail::accepted_codings;
using http::detail::content_coding;
using http::detail::content_decoder;
using http::detail::content_encoder;

namespace {

const std::string page = [] {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "line " + std::to_string(i * 7919) + " of a page\n";
    return text;
}();

std::string encoded(content_coding coding, std::string_view text) {
    content_encoder encoder(coding, {});
    std::string out;
    encoder.write(text, out);
    encoder.finish(out);
    return out;
}

std::string decoded(content_coding coding, std::string_view bytes) {
    content_decoder decoder(coding, 1U << 24);
    std::string out;
    test_support::decode(decoder, bytes, out).value();
    CHECK(decoder.complete());
    return out;
}

content_coding chosen(std::initializer_list<const char*> fields) {
    accepted_codings accepted;
    for (const char* field : fields) accepted.add(field);
    return accepted.best();
}

struct compress_fixture {
    router app;
    test_client client{app};

    compress_fixture() {
        app.use(compress());
        app.get("/page", [] { return page; });
        app.get("/small", [] { return "small"; });
        serve("/image", "image/png", {});
        serve("/vary", "text/html", {{"vary", "Origin"}});
        serve("/strong", "application/json", {{"etag", "\"abc\""}});
        serve("/weak", "application/problem+json; charset=utf-8", {{"etag", "W/\"abc\""}});
        serve("/encoded", "text/plain", {{"content-encoding", "zstd"}});
        serve("/kept", "text/plain", {{"cache-control", "public, No-Transform"}});
        serve("/part", "text/plain", {{"content-range", "bytes 0-9/99"}}, 206);
        serve("/error", "application/json", {}, 500);
        serve("/same", "", {{"etag", "\"abc\""}}, 304);
    }

    void serve(const char* path, const char* type, std::vector<std::pair<const char*, const char*>> fields,
               int status = 200) {
        app.add(http::method::get, path, http::detail::adapt([=] {
                    response res(status);
                    res.body = page;
                    if (*type != 0) res.headers.add("content-type", type);
                    for (const auto& [name, value] : fields) res.headers.add(name, value);
                    return res;
                }));
    }

    testing::test_response get(const char* target, const char* accepted = "gzip, deflate, br") {
        client.header("accept-encoding", accepted);
        return client.get(target);
    }
};

} // namespace

TEST_CASE("the client's weights decide, brotli before gzip for equal ones") {
    CHECK(chosen({}) == content_coding::identity);
    CHECK(chosen({""}) == content_coding::identity);
    CHECK(chosen({"gzip"}) == content_coding::gzip);
    CHECK(chosen({"gzip, deflate, br"}) == content_coding::brotli);
    CHECK(chosen({"br;q=0.5, gzip;q=0.8"}) == content_coding::gzip);
    CHECK(chosen({"br ; Q=0.5 , GZIP ; q=0.50"}) == content_coding::brotli);
    CHECK(chosen({"x-gzip"}) == content_coding::gzip);
    CHECK(chosen({"deflate, zstd"}) == content_coding::identity);
    CHECK(chosen({"gzip", "br;q=0.1"}) == content_coding::gzip);
    CHECK(chosen({"*"}) == content_coding::brotli);
    CHECK(chosen({"*, br;q=0"}) == content_coding::gzip);
    CHECK(chosen({"gzip;q=0"}) == content_coding::identity);
    CHECK(chosen({"identity, gzip;q=0.5"}) == content_coding::identity);
    CHECK(chosen({"gzip;q=0.5, identity;q=0.5"}) == content_coding::gzip);
}

TEST_CASE("identity may be refused; if nothing else is available, it is sent nevertheless") {
    const auto refuses = [](const char* field) {
        accepted_codings accepted;
        accepted.add(field);
        return accepted.refuses_identity();
    };
    CHECK(refuses("identity;q=0"));
    CHECK(refuses("gzip, *;q=0"));
    CHECK(!refuses("*;q=0, identity;q=0.1"));
    CHECK(!refuses("gzip"));
    CHECK(!refuses("*"));
    CHECK(chosen({"identity;q=0"}) == content_coding::identity);
    CHECK(chosen({"*;q=0"}) == content_coding::identity);
}

TEST_CASE("a weight is at most one with at most three decimals; other elements are skipped") {
    CHECK(http::detail::parse_quality("0.123") == 123);
    CHECK(http::detail::parse_quality("1.") == 1000);
    for (const char* bad : {"", "2", "1.001", "0.1234", ".5", "-1", "0,5", "1x", "0.x", "nan"}) {
        CAPTURE(bad);
        CHECK(!http::detail::parse_quality(bad));
        CHECK(chosen({(std::string("gzip;q=") + bad).c_str()}) == content_coding::identity);
    }
}

TEST_CASE("pieces of any size decode to the original, in pieces of any size") {
    for (const auto coding : {content_coding::gzip, content_coding::brotli})
        for (const std::size_t piece : {1U, 7U, 1000U, 100000U}) {
            CAPTURE(piece);
            content_encoder encoder(coding, {.size = page.size()});
            std::string bytes;
            for (std::size_t at = 0; at < page.size(); at += piece)
                encoder.write(std::string_view(page).substr(at, piece), bytes);
            encoder.finish(bytes);
            CHECK(bytes.size() < page.size() / 2);
            content_decoder decoder(coding, page.size());
            std::string text;
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                CHECK(!decoder.complete());
                test_support::decode(decoder, std::string_view(bytes).substr(at, piece), text).value();
            }
            CHECK(decoder.complete());
            CHECK(text == page);
        }
    CHECK(decoded(content_coding::gzip, encoded(content_coding::gzip, "")).empty());
    CHECK(decoded(content_coding::brotli, encoded(content_coding::brotli, "")).empty());
}

TEST_CASE("flushed output can be read before the end") {
    for (const auto coding : {content_coding::gzip, content_coding::brotli}) {
        content_encoder encoder(coding, {});
        content_decoder decoder(coding, 1000);
        for (const char* event : {"data: one\n\n", "data: two\n\n"}) {
            std::string bytes;
            std::string text;
            encoder.write(event, bytes);
            encoder.flush(bytes);
            test_support::decode(decoder, bytes, text).value();
            CHECK(text == event);
        }
    }
}

TEST_CASE("a decoder stops at its limit, at invalid input and after the end") {
    const std::string zeros(1000000, '\0');
    for (const auto coding : {content_coding::gzip, content_coding::brotli}) {
        const std::string bomb = encoded(coding, zeros);
        CHECK(bomb.size() < 2000);
        std::string out;
        CHECK(test_support::decode(content_decoder(coding, 999999), bomb, out).error() == errc::too_large);
        CHECK(out.size() < 1000000);
        out.clear();
        CHECK(test_support::decode(content_decoder(coding, 1000000), bomb, out).has_value());
        CHECK(out == zeros);
        CHECK(test_support::decode(content_decoder(coding, 100), "\xff\xffplain text", out).error() ==
              errc::invalid_argument);
        CHECK(test_support::decode(content_decoder(coding, 1000000), bomb + "x", out).error() ==
              errc::invalid_argument);
        content_decoder ended(coding, 1000000);
        CHECK(test_support::decode(ended, bomb.substr(0, bomb.size() - 1), out).has_value());
        CHECK(test_support::decode(ended, bomb.substr(bomb.size() - 1) + "x", out).error() == errc::invalid_argument);
        content_decoder cut(coding, 1000000);
        CHECK(test_support::decode(cut, std::string_view(bomb).substr(0, bomb.size() - 1), out).has_value());
        CHECK(!cut.complete());
    }
}

TEST_CASE_FIXTURE(compress_fixture, "a large text is sent in the client's preferred coding") {
    const auto br = get("/page");
    CHECK(br.header("content-encoding") == "br");
    CHECK(br.header("vary") == "Accept-Encoding");
    CHECK(br.header("content-length") == std::to_string(br.body.size()));
    CHECK(decoded(content_coding::brotli, br.body) == page);
    const auto gzip = get("/page", "gzip");
    CHECK(gzip.header("content-encoding") == "gzip");
    CHECK(decoded(content_coding::gzip, gzip.body) == page);
    const auto plain = get("/page", "");
    CHECK(plain.header("content-encoding").empty());
    CHECK(plain.header("vary") == "Accept-Encoding");
    CHECK(plain.body == page);
}

TEST_CASE_FIXTURE(compress_fixture, "small, other, encoded, partial and no-transform responses are unchanged") {
    CHECK(get("/small").body == "small");
    CHECK(get("/small").header("content-encoding").empty());
    for (const char* target : {"/image", "/kept", "/part"}) {
        CAPTURE(target);
        const auto res = get(target);
        CHECK(res.header("content-encoding").empty());
        CHECK(res.body == page);
        CHECK(res.header("vary").empty());
    }
    CHECK(get("/encoded").header("content-encoding") == "zstd");
    CHECK(get("/encoded").body == page);
}

TEST_CASE_FIXTURE(compress_fixture, "a small text is encoded for a client that refuses identity") {
    const auto res = get("/small", "gzip, identity;q=0");
    CHECK(res.header("content-encoding") == "gzip");
    CHECK(decoded(content_coding::gzip, res.body) == "small");
    CHECK(get("/small", "zstd, identity;q=0").body == "small");
}

TEST_CASE("a body that doesn't shrink is sent as is") {
    std::string noise;
    for (std::uint32_t x = 1; noise.size() < 4096; x = x * 1664525 + 1013904223) noise += static_cast<char>(x >> 24);
    router app;
    app.use(compress());
    app.get("/", [&] { return noise; });
    test_client client(app);
    const auto res = client.header("accept-encoding", "gzip").get("/");
    CHECK(res.header("content-encoding").empty());
    CHECK(res.body == noise);
}

TEST_CASE_FIXTURE(compress_fixture, "errors are encoded too, and Vary keeps its other names") {
    CHECK(get("/error").header("content-encoding") == "br");
    CHECK(get("/vary").header("vary") == "Origin, Accept-Encoding");
}

TEST_CASE_FIXTURE(compress_fixture,
                  "a strong tag becomes weak with an encoded body, and in the 304 for a client that has one") {
    CHECK(get("/strong").header("etag") == "W/\"abc\"");
    CHECK(get("/weak").header("etag") == "W/\"abc\"");
    CHECK(get("/strong", "").header("etag") == "\"abc\"");
    client.header("if-none-match", "\"xyz\", W/\"abc\"");
    const auto same = get("/same", "");
    CHECK(same.status == 304);
    CHECK(same.header("etag") == "W/\"abc\"");
    CHECK(same.header("vary") == "Accept-Encoding");
    CHECK(same.header("content-encoding").empty());
    client.header("if-none-match", "\"abc\", W/\"xyz\"");
    CHECK(get("/same").header("etag") == "\"abc\"");
}

TEST_CASE_FIXTURE(compress_fixture, "HEAD gives the length of the body that GET would send") {
    const auto whole = get("/page");
    const auto head = client.send(http::method::head, "/page");
    CHECK(head.header("content-encoding") == "br");
    CHECK(head.header("content-length") == std::to_string(whole.body.size()));
}

TEST_CASE("types are matched without parameters, case-insensitively, and can be added") {
    for (const char* type : {"text/html; charset=utf-8", "TEXT/CSS", "application/json", "application/ld+json",
                             "image/svg+xml", "application/wasm"})
        CHECK(http::is_compressible(type));
    for (const char* type :
         {"", "image/png", "video/mp4", "application/zip", "text/event-stream", "+json", "font/woff2"})
        CHECK(!http::is_compressible(type));
    router app;
    app.use(compress({.types = {"application/x-log"}}));
    app.get("/", [] {
        response res;
        res.headers.add("content-type", "Application/X-Log; v=1");
        res.body = page;
        return res;
    });
    test_client client(app);
    CHECK(client.header("accept-encoding", "gzip").get("/").header("content-encoding") == "gzip");
}

TEST_CASE("levels out of range are refused at start-up") {
    CHECK_THROWS_AS(compress({.gzip_level = 0}), std::invalid_argument);
    CHECK_THROWS_AS(compress({.brotli_quality = 12}), std::invalid_argument);
    CHECK_THROWS_AS(compress({.min_size = 10, .max_size = 9}), std::invalid_argument);
}
