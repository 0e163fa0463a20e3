// SPDX-License-Identifier: MIT
// Servers that misbehave in every way they can. Each call ends with its documented error or response, within its time;
// the next call to a good server succeeds, and no descriptor leaks.
#include "http/wire/content_encoder.hpp"
#include "support/client_fixture.hpp"
#include "support/descriptors.hpp"
#include "support/scripted_server.hpp"
#include "support/secure_client_fixture.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

const std::string plain_answer = "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked_answer =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 7\r\n\r\n";

// A server's behaviour, and how the call ends.
struct hostility {
    const char* what;
    std::function<void(peer&)> play;
    errc failure = errc::ok;
    int status = 200;
    std::string body = "hello";
};

std::function<void(peer&)> sending(std::string bytes) {
    return [bytes = std::move(bytes)](peer& link) {
        link.request();
        link.send(bytes);
        link.end_tls();
    };
}

// Sends that much and nothing more, but stays open.
std::function<void(peer&)> sending_to_stay(std::string bytes) {
    return [bytes = std::move(bytes)](peer& link) {
        link.request();
        link.send(bytes);
        link.wait_until_gone();
    };
}

std::function<void(peer&)> repeating(std::string begin, std::string forever) {
    return [begin = std::move(begin), forever = std::move(forever)](peer& link) {
        link.request();
        link.send(begin);
        while (true) link.send(forever);
    };
}

std::string bomb_answer() {
    using http::detail::content_coding;
    for (const auto coding : {content_coding::brotli, content_coding::gzip}) {
        if (!http::detail::available(coding)) continue;
        http::detail::content_encoder encoder(coding, {});
        std::string body;
        encoder.write(std::string(16 << 20, 'x'), body);
        encoder.finish(body);
        return "HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(name(coding)) +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    return "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n"; // equally large without a coding
}

std::string ok_answer(std::string_view head, std::string_view body = "hello") {
    return "HTTP/1.1 200 OK\r\n" + std::string(head) + "\r\n\r\n" + std::string(body);
}

// Behaviours that end the call without advancing the clock.
std::vector<hostility> quick_hostilities() {
    const std::string huge(100, 'h');
    std::string chunks;
    for (int i = 0; i < 1000; ++i) chunks += "1\r\nx\r\n";
    return {
        {"closes at once", [](peer&) {}, errc::unavailable},
        {"resets at once", [](peer& link) { link.reset(); }, errc::unavailable},
        {"closes without a word", sending(""), errc::unavailable},
        {"resets inside the body",
         [](peer& link) {
             link.request();
             link.send(plain_answer.substr(0, plain_answer.size() - 1));
             link.reset();
         },
         errc::unavailable},
        {"speaks another protocol", sending("SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n"), errc::unavailable},
        {"sends zeros", sending(std::string(1000, '\0')), errc::unavailable},
        {"announces more than it sends", sending(ok_answer("Content-Length: 6")), errc::unavailable},
        {"sends more than it announces", sending_to_stay(ok_answer("Content-Length: 5", "hello you"))},
        {"announces two lengths", sending(ok_answer("Content-Length: 5\r\nContent-Length: 6")), errc::unavailable},
        {"announces less than nothing", sending(ok_answer("Content-Length: -5")), errc::unavailable},
        {"announces more than a number holds", sending(ok_answer("Content-Length: 99999999999999999999")),
         errc::unavailable},
        {"announces more than is taken", sending(ok_answer("Content-Length: 9999999999")), errc::too_large},
        {"announces both a length and chunks", sending(ok_answer("Content-Length: 5\r\nTransfer-Encoding: chunked")),
         errc::unavailable},
        {"sends a chunk without a size", sending(ok_answer("Transfer-Encoding: chunked", "hello\r\n")),
         errc::unavailable},
        {"sends a chunk larger than it says",
         sending(ok_answer("Transfer-Encoding: chunked", "4\r\nhello\r\n0\r\n\r\n")), errc::unavailable},
        {"announces the largest chunk", sending(ok_answer("Transfer-Encoding: chunked", "ffffffffffffffff\r\nx")),
         errc::too_large},
        {"sends two answers at once", sending_to_stay(plain_answer + plain_answer)},
        {"sends two answers in two records of one segment",
         [](peer& link) {
             link.request();
             link.send_at_once({plain_answer, plain_answer});
             link.wait_until_gone();
         }},
        {"sends a bomb", sending_to_stay(bomb_answer()), errc::too_large},
        {"says that plain text is gzip", sending(ok_answer("Content-Encoding: gzip\r\nContent-Length: 5")),
         http::detail::available(http::detail::content_coding::gzip) ? errc::unavailable : errc::ok},
        {"never ends its head", repeating("HTTP/1.1 200 OK\r\n", "X: " + huge + "\r\n"), errc::too_large},
        {"never ends its status line", repeating("HTTP/1.1 200 ", huge), errc::too_large},
        {"folds a field for ever", repeating("HTTP/1.1 200 OK\r\nX: 1\r\n", " 2\r\n"), errc::too_large},
        {"sends interim answers for ever", repeating("", "HTTP/1.1 100 Continue\r\n\r\n"), errc::too_large},
        {"never ends its body", repeating("HTTP/1.1 200 OK\r\n\r\n", huge), errc::too_large},
        {"sends chunks for ever", repeating(ok_answer("Transfer-Encoding: chunked", ""), chunks), errc::too_large},
        {"sends trailers for ever", repeating(ok_answer("Transfer-Encoding: chunked", "0\r\n"), "X: 1\r\n"),
         errc::too_large},
        {"never ends a chunk's extension", repeating(ok_answer("Transfer-Encoding: chunked", "1;"), huge),
         errc::unavailable},
        {"switches protocols unasked", sending(ok_answer("", "").replace(9, 3, "101")), errc::unavailable},
        {"redirects in a circle",
         [](peer& link) {
             while (true) {
                 link.request();
                 link.send("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
             }
         },
         errc::unavailable},
        {"redirects to nowhere", sending("HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\nContent-Length: 0\r\n\r\n"),
         errc::unavailable},
    };
}

// Behaviours that last until the clock ends the call.
std::vector<hostility> silent_hostilities() {
    return {
        {"never answers", sending_to_stay(""), errc::deadline_exceeded},
        {"stops inside its head", sending_to_stay("HTTP/1.1 200"), errc::deadline_exceeded},
        {"stops inside its body", sending_to_stay(ok_answer("Content-Length: 6")), errc::deadline_exceeded},
        {"stops inside a chunk", sending_to_stay(ok_answer("Transfer-Encoding: chunked", "5\r\nhel")),
         errc::deadline_exceeded},
        {"never closes what ends with the connection", sending_to_stay("HTTP/1.1 200 OK\r\n\r\nhello"),
         errc::deadline_exceeded},
        {"sends interim answers and then nothing", sending_to_stay("HTTP/1.1 100 Continue\r\n\r\n"),
         errc::deadline_exceeded},
    };
}

struct hostile_fixture : test_support::secure_fixture {
    client outgoing{home, careful()};

    client_options careful() const {
        client_options options = trusting();
        options.decompress = true;
        options.max_body = 1 << 20;
        options.max_redirects = 3;
        return options;
    }

    // Runs the test once without and once with TLS, and checks for leaks.
    template<class Test>
    void both_ways(std::function<void(peer&)> play, Test test) {
        for (const bool secure : {false, true}) {
            CAPTURE(secure);
            const auto before = test_support::open_descriptors();
            {
                const auto server =
                    secure ? std::make_unique<scripted_server>(play, tls) : std::make_unique<scripted_server>(play);
                test(*server);
                good_call(secure);
            }
            outgoing.close_idle();
            home.poll();
            CHECK(test_support::open_descriptors() == before);
        }
    }

    void good_call(bool secure) {
        const auto answer_all = [](peer& link) {
            while (true) {
                link.request();
                link.answer("good");
            }
        };
        const auto good =
            secure ? std::make_unique<scripted_server>(answer_all, tls) : std::make_unique<scripted_server>(answer_all);
        const auto answer = finish(outgoing.get(good->url("/")));
        REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
        CHECK(answer->body == "good");
    }

    // Returns the outcome of a call that ends without any time passing.
    result<client_response> finish(task<result<client_response>> work) {
        pending_call call;
        home.spawn(call.follow(std::move(work)));
        turn_until(home, [&] { return call.done(); });
        return std::move(*call.outcome);
    }

    static void check(const hostility& one, const result<client_response>& outcome) {
        if (one.failure != errc::ok) {
            REQUIRE(!outcome);
            CHECK(outcome.error() == one.failure);
            return;
        }
        REQUIRE_MESSAGE(outcome.has_value(), outcome.error().message());
        CHECK(outcome->status == one.status);
        CHECK(outcome->body == one.body);
    }
};

} // namespace

TEST_CASE_FIXTURE(hostile_fixture, "whatever a server sends at once, a call ends as documented and the next succeeds") {
    for (const auto& one : quick_hostilities()) {
        CAPTURE(one.what);
        both_ways(one.play, [&](scripted_server& server) {
            check(one, finish(outgoing.get(server.url("/"))));
            CHECK(outgoing.stats().idle <= 1);
        });
    }
}

TEST_CASE_FIXTURE(hostile_fixture, "an unrequested response is never used for the next call") {
    for (const auto& one : quick_hostilities()) {
        if (one.failure != errc::ok) continue;
        CAPTURE(one.what);
        const auto honest_later = [&one](peer& link) {
            if (link.number == 0) return one.play(link);
            link.request();
            link.answer("honest");
        };
        both_ways(honest_later, [&](scripted_server& server) {
            check(one, finish(outgoing.get(server.url("/"))));
            CHECK(finish(outgoing.get(server.url("/")))->body == "honest");
        });
    }
}

TEST_CASE_FIXTURE(hostile_fixture, "a silent server hits its timeout, and may continue until a second before it") {
    for (const auto& one : silent_hostilities()) {
        CAPTURE(one.what);
        both_ways(one.play, [&](scripted_server& server) {
            pending_call call;
            const auto sent = outgoing.stats().sent;
            home.spawn(call.follow(outgoing.get(server.url("/"))));
            turn_until(home, [&] { return outgoing.stats().sent > sent; });
            time.advance(29s);
            for (int i = 0; i < 10; ++i) home.poll();
            CHECK(!call.done());
            time.advance(1s);
            turn_until(home, [&] { return call.done(); });
            check(one, *call.outcome);
        });
    }
}

TEST_CASE_FIXTURE(hostile_fixture, "a server that sends byte by byte hits the call's deadline") {
    for (const std::string& answer : {plain_answer, chunked_answer}) {
        std::atomic<std::size_t> wanted{0};
        const auto trickle = [&](peer& link) {
            link.request();
            for (std::size_t i = 0; i < answer.size(); ++i) {
                while (wanted <= i) std::this_thread::yield();
                link.send(answer.substr(i, 1));
            }
        };
        both_ways(trickle, [&](scripted_server& server) {
            wanted = 0;
            pending_call call;
            auto seen = outgoing.stats().received;
            home.spawn(call.follow(outgoing.get(server.url("/"))));
            for (int second = 0; second < 30; ++second) {
                ++wanted;
                turn_until(home, [&] { return outgoing.stats().received > seen; });
                seen = outgoing.stats().received;
                CHECK(!call.done());
                time.advance(1s);
                home.poll();
            }
            turn_until(home, [&] { return call.done(); });
            CHECK(call.outcome->error() == errc::deadline_exceeded);
            wanted = answer.size();
        });
    }
}

TEST_CASE_FIXTURE(hostile_fixture, "a response cut at any byte is an error, whether the close is orderly or not") {
    for (const std::string& answer : {plain_answer, chunked_answer})
        for (const bool orderly : {true, false}) {
            CAPTURE(orderly);
            const auto cut = [&](peer& link) {
                link.request();
                const auto size = static_cast<std::size_t>(link.number);
                link.send(answer.substr(0, size));
                if (orderly) link.end_tls();
            };
            both_ways(cut, [&](scripted_server& server) {
                for (std::size_t size = 0; size < answer.size(); ++size) {
                    CAPTURE(size);
                    CHECK(finish(outgoing.get(server.url("/"))).error() == errc::unavailable);
                }
                const auto whole = finish(outgoing.get(server.url("/")));
                REQUIRE(whole);
                CHECK(whole->body == "hello");
                CHECK(static_cast<std::size_t>(server.connections()) == answer.size() + 1);
            });
        }
}

TEST_CASE_FIXTURE(hostile_fixture, "a response split into two pieces at any byte is unchanged") {
    for (const std::string& answer : {plain_answer, chunked_answer}) {
        std::atomic<std::size_t> first{0};
        std::atomic<bool> rest{false};
        const auto in_two = [&](peer& link) {
            while (true) {
                link.request();
                link.send(answer.substr(0, first));
                while (!rest.exchange(false)) std::this_thread::yield();
                link.send(answer.substr(first));
            }
        };
        both_ways(in_two, [&](scripted_server& server) {
            for (first = 1; first < answer.size(); ++first) {
                pending_call call;
                const auto seen = outgoing.stats().received;
                home.spawn(call.follow(outgoing.get(server.url("/"))));
                turn_until(home, [&] { return outgoing.stats().received == seen + first; });
                rest = true;
                turn_until(home, [&] { return call.done(); });
                REQUIRE(call.outcome->has_value());
                CHECK(call.outcome->value().body == "hello");
            }
            CHECK(server.connections() == 1);
        });
    }
}

TEST_CASE_FIXTURE(hostile_fixture, "a server that responds early ends an upload, whether it closes or stays open") {
    for (const bool stays : {true, false}) {
        const auto refuse = [stays](peer& link) {
            link.receive_some();
            link.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
            if (stays) link.wait_for_end();
        };
        both_ways(refuse, [&](scripted_server& server) {
            const auto answer = finish(outgoing.post(server.url("/"), std::string(32 << 20, 'x'), "text/plain"));
            REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
            CHECK(answer->status == 413);
            CHECK(answer->body == "no!");
            CHECK(outgoing.stats().idle == 0);
        });
    }
}

TEST_CASE_FIXTURE(hostile_fixture, "a server that reads nothing hits the deadline of an upload") {
    both_ways([](peer& link) { link.wait_for_end(); },
              [&](scripted_server& server) {
                  pending_call call;
                  home.spawn(call.follow(outgoing.post(server.url("/"), std::string(32 << 20, 'x'), "text/plain")));
                  turn_until(home, [&] { return server.connections() == 1; });
                  for (int i = 0; i < 1000; ++i) home.poll();
                  CHECK(!call.done());
                  time.advance(30s);
                  turn_until(home, [&] { return call.done(); });
                  CHECK(call.outcome->error() == errc::deadline_exceeded);
              });
}
