// SPDX-License-Identifier: MIT
// Encoded response bodies.
#include "http/client/download.hpp"
#include "http/wire/content_encoder.hpp"
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::http;
using http::detail::content_coding;
using test_support::peer;
using test_support::scripted_server;

namespace {

std::string encoded(content_coding coding, std::string_view text) {
    http::detail::content_encoder encoder(coding, {});
    std::string out;
    encoder.write(text, out);
    encoder.finish(out);
    return out;
}

std::vector<content_coding> codings() {
    std::vector<content_coding> all;
    for (const auto one : {content_coding::gzip, content_coding::brotli})
        if (http::detail::available(one)) all.push_back(one);
    return all;
}

std::string coded_response(std::string_view coding, std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(coding) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// Answers every request with these bytes. Each send has its own copy: a client that has seen enough sends the next
// request while the rest of the last response is still being written.
class shared_bytes {
public:
    void operator=(std::string bytes) {
        const std::lock_guard hold(guard_);
        bytes_ = std::move(bytes);
    }
    std::string copy() const {
        const std::lock_guard hold(guard_);
        return bytes_;
    }

private:
    mutable std::mutex guard_;
    std::string bytes_;
};

struct fixture {
    shared_bytes bytes;
    scripted_server server{[this](peer& link) {
        while (true) {
            link.request();
            link.send(bytes.copy());
        }
    }};
    loop home;
    client outgoing{home, decoding()};

    static client_options decoding() {
        client_options options;
        options.decompress = true;
        options.max_body = 1 << 20;
        return options;
    }
    result<client_response> get() { return home.block_on(outgoing.get(server.url("/"))); }
};

const std::string text = [] {
    std::string all;
    for (int i = 0; i < 5000; ++i) all += "line " + std::to_string(i) + "\n";
    return all;
}();

} // namespace

TEST_CASE_FIXTURE(fixture, "an encoded body is decoded, and the fields about its coding are removed") {
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        const std::string body = encoded(coding, text);
        REQUIRE(body.size() < text.size() / 3);
        bytes = coded_response(name(coding), body);
        const auto answer = get();
        REQUIRE(answer);
        CHECK(answer->body == text);
        CHECK(!answer->headers.contains("content-encoding"));
        CHECK(!answer->headers.contains("content-length"));
        CHECK(outgoing.stats().idle == 1);
    }
}

TEST_CASE_FIXTURE(fixture, "a sink gets decoded pieces") {
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        bytes = coded_response(name(coding), encoded(coding, text));
        std::string seen;
        client_request request("GET", server.url("/"));
        request.sink = [&](const client_response& head, std::string_view piece) -> task<result<void>> {
            CHECK(!head.headers.contains("content-encoding"));
            seen += piece;
            co_return ok();
        };
        REQUIRE(home.block_on(outgoing.send(request)));
        CHECK(seen == text);
    }
}

TEST_CASE_FIXTURE(fixture, "limits count decoded bytes") {
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        bytes = coded_response(
            name(coding), encoded(coding, std::string(16 << 20, 'x'))); // 16 KB or less of it on the wire
        const auto failed = get();
        REQUIRE(!failed);
        CHECK(failed.error() == errc::too_large);
        CHECK(outgoing.stats().idle == 0);
    }
}

TEST_CASE_FIXTURE(fixture, "a few bytes that decode to gigabytes reach a sink in pieces, up to 200 times their size") {
    constexpr std::size_t size = 64 << 20;
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        bytes = coded_response(name(coding), encoded(coding, std::string(size, 'x')));
        std::size_t largest = 0;
        std::size_t seen = 0;
        client_request request("GET", server.url("/"));
        request.sink = [&](const client_response&, std::string_view piece) -> task<result<void>> {
            largest = std::max(largest, piece.size());
            seen += piece.size();
            co_return ok();
        };
        const auto failed = home.block_on(outgoing.send(request));
        REQUIRE(!failed);
        CHECK(failed.error() == errc::too_large);
        CHECK(
            failed.error().message().ends_with("the decoded body is more than 200 times as large as the encoded one"));
        CHECK(failed.error().status() == 502);
        CHECK(largest <= 64 * 1024);
        CHECK(seen >= 1 << 20); // max_body is accepted in any case
        CHECK(seen <= 16 << 20);

        seen = 0;
        request.max_body = size;
        CHECK(home.block_on(outgoing.send(request)));
        CHECK(seen == size);
        client_options unlimited = decoding();
        unlimited.max_expansion = 0;
        client trusting(home, unlimited);
        seen = 0;
        request.max_body.reset();
        CHECK(home.block_on(trusting.send(request)));
        CHECK(seen == size);
        CHECK(largest <= 64 * 1024);
    }
}

TEST_CASE_FIXTURE(fixture, "a sink that refuses a decompression bomb ends it at the first piece") {
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        bytes = coded_response(name(coding), encoded(coding, std::string(64 << 20, 'x')));
        std::size_t seen = 0;
        client_request request("GET", server.url("/"));
        request.sink = [&](const client_response&, std::string_view piece) -> task<result<void>> {
            seen += piece.size();
            co_return error(errc::conflict, "enough");
        };
        CHECK(home.block_on(outgoing.send(request)).error() == errc::conflict);
        CHECK(seen <= 64 * 1024);
    }
}

TEST_CASE_FIXTURE(fixture, "a truncated, damaged or prolonged encoded body is unavailable") {
    for (const auto coding : codings()) {
        CAPTURE(name(coding));
        const std::string whole = encoded(coding, text);
        std::string damaged = whole;
        for (std::size_t i = 0; i < 40; ++i) damaged[damaged.size() / 2 + i] = '\x55';
        for (const std::string& body : {whole.substr(0, whole.size() / 2), damaged, whole + "more"}) {
            bytes = coded_response(name(coding), body);
            const auto failed = get();
            REQUIRE(!failed);
            CHECK(failed.error() == errc::unavailable);
            CHECK(failed.error().message().find("127.0.0.1:") == 0);
        }
    }
}

TEST_CASE_FIXTURE(fixture, "several gzip members are one body, and other bytes after the last are refused") {
    if (!http::detail::available(content_coding::gzip)) return;
    const std::string first = encoded(content_coding::gzip, text);
    const std::string members = first + encoded(content_coding::gzip, "") + encoded(content_coding::gzip, "end");
    bytes = coded_response("gzip", members);
    const auto answer = get();
    REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
    CHECK(answer->body == text + "end");

    std::string slowly = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const char byte : members) slowly.append("1\r\n").append(1, byte).append("\r\n");
    bytes = slowly + "0\r\n\r\n";
    const auto put_together = get();
    REQUIRE_MESSAGE(put_together.has_value(), put_together.error().message());
    CHECK(put_together->body == text + "end");

    for (const std::string& body : {first + "\x1f\x8b", first + first.substr(0, first.size() - 1), first + "\x1fno"}) {
        bytes = coded_response("gzip", body);
        CHECK(get().error() == errc::unavailable);
    }
    bytes = coded_response("gzip", encoded(content_coding::gzip, std::string(600000, 'x')) +
                                       encoded(content_coding::gzip, std::string(600000, 'x')));
    CHECK(get().error() == errc::too_large); // the limit applies to the whole body
}

TEST_CASE_FIXTURE(fixture, "an unencoded body, or one in an unsupported coding, is unchanged") {
    for (const char* coding : {"identity", "zstd", "gzip, br", "x"}) {
        CAPTURE(coding);
        bytes = coded_response(coding, "as it is");
        const auto answer = get();
        REQUIRE(answer);
        CHECK(answer->body == "as it is");
        CHECK(answer->headers.find("content-encoding") == coding);
    }
    bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain";
    CHECK(get()->body == "plain");
    bytes = coded_response("gzip", "");
    CHECK(get()->body.empty());
}

TEST_CASE("codings are requested only if they are decoded, and a request may set its own Accept-Encoding") {
    scripted_server server([](peer& link) {
        while (true) link.answer(link.request());
    });
    loop home;
    client plain(home);
    client decoding(home, fixture::decoding());
    CHECK(home.block_on(plain.get(server.url("/")))->body.find("Accept-Encoding") == std::string::npos);
    const std::string asked = home.block_on(decoding.get(server.url("/")))->body;
    if (accepted_encodings().empty())
        CHECK(asked.find("Accept-Encoding") == std::string::npos);
    else
        CHECK(asked.find("\r\nAccept-Encoding: " + accepted_encodings() + "\r\n") != std::string::npos);
    client_request own("GET", server.url("/"));
    own.headers.add("accept-encoding", "identity");
    const std::string kept = home.block_on(decoding.send(own))->body;
    CHECK(kept.find("accept-encoding: identity\r\n") != std::string::npos);
    CHECK(kept.find("Accept-Encoding") == std::string::npos);
}
