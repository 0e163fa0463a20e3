// SPDX-License-Identifier: MIT
// A whole connection. The input's first line is a script for the bytes after it, one letter each:
//   1..9 that many bytes arrive, l a line, a all the rest    e the peer's last byte    x the peer disappears
//   t a second passes, T thirty    p handlers continue    s the peer stops reading, w it continues
//   d the server stops
// Invariants: the responses are well-formed, in order, one per request and none after the last; handlers run once per
// request sent, and end; the connection ends. Without a script: the same responses for every split.
#include "fuzz/http_readings.hpp"
#include "fuzz/session_peer.hpp"
#include "http/client/response_parser.hpp"
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/router.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <stdexcept>

using namespace weir;
using namespace weir::http::differential;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t longest_input = 16 * 1024; // longer ones find nothing new, slowly

/// The requests that one connection's handlers have seen.
struct witness {
    std::vector<std::pair<std::string, std::string>> begun; // method and path
    std::size_t ended = 0;
    int running = 0;
};

witness seen;

/// Lives as long as its handler's frame.
struct presence {
    presence() { ++seen.running; }
    ~presence() { --seen.running; }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;
};

task<result<std::string>> later() {
    const presence here;
    if (auto slept = co_await sleep_for(1s); !slept) co_return slept.error();
    co_return "later";
}

task<result<void>> stuck() {
    const presence here;
    const executor on = co_await this_task;
    boost::asio::steady_timer never(on.context().loop().io(), 1h);
    co_await never.async_wait(boost::asio::as_tuple(use_task));
    co_return errc::cancelled;
}

task<result<std::string>> upload(body_reader in) {
    const presence here;
    co_return co_await in.read_all(most_body);
}

task<result<void>> count(body_writer& out) {
    const presence here;
    co_await out.write("one");
    if (auto slept = co_await sleep_for(1s); !slept) co_return slept;
    co_return co_await out.write("two");
}

const router& routes() {
    static const router built = [] {
        router app;
        middleware noted;
        noted.before = [](request& req) -> result<void> {
            seen.begun.emplace_back(req.method_name(), req.path());
            return ok();
        };
        noted.done = [](const request&, const response&, const http::exchange_summary&) { ++seen.ended; };
        app.use(noted);
        app.get("/", [] { return "root"; });
        app.post("/echo", [](request& req) { return std::string(req.body()); });
        app.post("/echo_in_a_coroutine", [](request& req) -> task<std::string> { co_return std::string(req.body()); });
        app.get("/later", later);
        app.get("/stuck", stuck);
        app.post("/upload", upload);
        app.post("/ignore", [](body_reader) -> task<std::string> { co_return "thanks"; });
        app.get("/count", [] { return stream(count); });
        app.get("/short", [] { return stream(count, {.size = 7}); });
        app.get("/throws", []() -> std::string { throw std::runtime_error("thrown"); });
        app.get("/empty", [] { return response(204); });
        return app;
    }();
    return built;
}

/// The requests at the front of the bytes; the last one may be refused or incomplete.
std::vector<reading> requests_in(std::string_view bytes) {
    std::vector<reading> out;
    while (!bytes.empty()) {
        out.push_back(read_with_weir(bytes));
        if (!out.back().accepted()) break;
        bytes.remove_prefix(out.back().consumed);
    }
    return out;
}

/// Removes one response from the front, including interim ones before it; nothing if it is incomplete.
std::optional<http::client_response> take_response(std::string_view& bytes, bool to_head, bool whole) {
    http::detail::client_response_parser parser(to_head, {.head = 4096, .body = 64 * std::size_t{1024}});
    for (bool in_head = true; !bytes.empty() && !parser.done();) {
        const auto size = in_head ? std::min(bytes.find("\r\n\r\n"), bytes.size() - 4) + 4 : 1;
        in_head = in_head && bytes.starts_with("HTTP/1.1 1");
        require(parser.feed(bytes.substr(0, size)).has_value());
        bytes.remove_prefix(size);
    }
    if (whole) require(parser.end_of_stream().has_value());
    if (!parser.done()) return std::nullopt;
    return parser.take();
}

struct conversation {
    std::vector<http::client_response> answers;
    bool cut = false;
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

/// The path of an absolute target may be missing.
bool has_path(std::string_view target, std::string_view path) {
    return path == "/" || target.find(path) != target.npos;
}

void check_answer(const http::client_response& answer, const reading& request) {
    require(answer.status >= 200);
    const bool echoed = request.accepted() && request.method == "POST" && answer.status == 200;
    const bool echoes = request.target == "/echo" || request.target == "/upload";
    if (echoed && echoes) require(answer.body == request.body);
}

bool says_close(const http::client_response& answer) {
    return std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& field) {
        return lower(field.name) == "connection" && field.value == "close";
    });
}

std::vector<http::client_response> answers_in(const session_peer& peer, const std::vector<reading>& requests) {
    std::vector<http::client_response> out;
    for (std::string_view rest = peer.received(); !rest.empty();) {
        require(out.size() < requests.size());
        require(out.empty() || !says_close(out.back()));
        const auto& request = requests[out.size()];
        auto answer = take_response(rest, request.method == "HEAD", !peer.cut());
        if (!answer) break;
        check_answer(*answer, request);
        out.push_back(std::move(*answer));
    }
    return out;
}

/// The requests seen by handlers are those sent, each once, in order.
void check_handled(const std::vector<reading>& requests) {
    auto next = requests.begin();
    for (const auto& [method, path] : seen.begun) {
        while (next != requests.end() && (next->method != method || !has_path(next->target, path))) ++next;
        require(next != requests.end());
        ++next;
    }
}

conversation check(const session_peer& peer, std::string_view sent) {
    const auto requests = requests_in(sent);
    conversation out{answers_in(peer, requests), peer.cut()};
    check_handled(requests);
    const bool all = out.answers.size() == requests.size();
    require(all || out.cut || (!out.answers.empty() && says_close(out.answers.back())));
    return out;
}

/// Executes one letter of the script.
void act(session_peer& peer, char what, std::string_view& input) {
    if (what >= '1' && what <= '9') peer.send(input, static_cast<std::size_t>(what - '0'));
    switch (what) {
    case 'l':
        peer.send(input, std::min(input.find('\n'), input.size() - 1) + 1);
        break;
    case 'a':
        peer.send(input, input.size());
        break;
    case 'e':
        return peer.send_end();
    case 'x':
        return peer.reset();
    case 't':
        return peer.pass(1s);
    case 'T':
        return peer.pass(30s);
    case 'p':
        return peer.poll();
    case 's':
        return peer.stall();
    case 'w':
        return peer.take();
    case 'd':
        return peer.drain();
    default:
        return;
    }
}

/// Sends and receives everything, and advances time until the connection ends.
void finish(session_peer& peer, std::string_view& input, std::size_t piece) {
    for (int round = 0; !peer.over(); ++round) {
        require(round < 2000);
        peer.take();
        while (peer.send(input, piece)) {
        }
        peer.pass(10s);
    }
    peer.reset();
    require(seen.running == 0 && seen.ended >= seen.begun.size());
}

conversation run(std::string_view script, std::string_view input, std::size_t piece) {
    seen = {};
    http::limits limits;
    limits.body = most_body;
    session_peer peer(routes(), limits);
    auto rest = input;
    for (const char what : script) act(peer, what, rest);
    finish(peer, rest, piece);
    return check(peer, input.substr(0, input.size() - rest.size()));
}

bool same(const http::client_response& a, const http::client_response& b) {
    const auto same_field = [](const auto& x, const auto& y) {
        return x.name == y.name && (x.value == y.value || x.name == "Date");
    };
    return a.status == b.status && a.body == b.body &&
           std::equal(a.headers.begin(), a.headers.end(), b.headers.begin(), b.headers.end(), same_field);
}

/// Whether an immediate response may depend on the body's arrival: an expectation, or a body that is never read.
bool depends_on_time(std::string_view input) {
    const auto text = lower(input);
    return text.find("expect") != std::string::npos || text.find("/ignore") != std::string::npos;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size > longest_input) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(bytes.find('\n'), size);
    const auto input = bytes.substr(std::min(line + 1, size));
    run(bytes.substr(0, line), input, input.size());
    // A head is parsed again at the end of a line: an error within a line may be noticed later.
    const auto lines = input.substr(0, input.rfind('\n') + 1);
    if (depends_on_time(lines)) return 0;
    const auto whole = run("", lines, lines.size());
    for (const std::size_t piece : {1U, 7U}) {
        const auto parts = run("", lines, piece);
        require(parts.cut == whole.cut);
        require(
            std::equal(parts.answers.begin(), parts.answers.end(), whole.answers.begin(), whole.answers.end(), same));
    }
    return 0;
}
