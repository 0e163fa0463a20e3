// SPDX-License-Identifier: MIT
#include <weir/http/body_writer.hpp>
#include <weir/http/extract.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace weir;

namespace {

constexpr std::size_t piece_size = 16 * 1024;

struct streaming_app {
    router routes;
    test_client client{routes};

    streaming_app() {
        routes.get("/stream/{pieces}", [](path<"pieces", std::int64_t> wanted) {
            return stream([pieces = *wanted](body_writer& out) -> task<result<void>> {
                const std::string piece(piece_size, 'x');
                for (std::int64_t i = 0; i < pieces; ++i)
                    if (auto sent = co_await out.write(piece); !sent) co_return sent;
                out.trailers().add("x-sum", std::string(20000, '7'));
                co_return ok();
            });
        });
        routes.get("/", [] { return "root"; });
    }
};

} // namespace

TEST_CASE_FIXTURE(streaming_app, "a chunked response is read in full, whatever its size and that of its trailers") {
    for (const std::size_t pieces : {0U, 1U, 65U, 500U}) {
        const auto res = client.get("/stream/" + std::to_string(pieces));
        CHECK(res.header("transfer-encoding") == "chunked");
        CHECK(res.body.size() == pieces * piece_size);
        CHECK(res.body.find_first_not_of('x') == std::string::npos);
    }
    CHECK(client.get("/").body == "root");
}

TEST_CASE_FIXTURE(streaming_app, "chunked responses to pipelined requests are read one by one, also after raw output") {
    const std::string request = "GET /stream/100 HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write(request);
    CHECK(!client.output().empty()); // the beginning of a body
    client.reset();
    client.write(request + "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + request);
    CHECK(client.receive().body.size() == 100 * piece_size);
    CHECK(client.receive().body == "root");
    CHECK(client.receive().body.size() == 100 * piece_size);
}
