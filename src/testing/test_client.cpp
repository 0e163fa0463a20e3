// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/message/check_limits.hpp"
#include "http/server/session.hpp"
#include "http/wire/body_decoder.hpp"
#include <weir/testing/test_client.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace weir::testing {

namespace {

using http::detail::equal_no_case;
using http::detail::session;
using http::detail::session_host;

// Decodes the chunked body at the front of the received bytes, as far as it has arrived.
class chunked_answer {
public:
    /// Continues decoding; `body` holds all bytes so far. Returns whether the body is complete.
    bool take(std::string_view body) {
        std::string piece(body.substr(taken_));
        const auto verdict = decoder_.feed({piece.data(), piece.size()});
        if (verdict.status == http::detail::chunk_status::refused)
            throw std::logic_error(std::string("the answer can't be decoded: ") + verdict.reason);
        decoded_.append(piece, 0, verdict.produced);
        taken_ += verdict.consumed;
        return verdict.status == http::detail::chunk_status::done;
    }
    std::size_t taken() const noexcept { return taken_; }
    std::string& decoded() noexcept { return decoded_; }

private:
    static constexpr http::detail::chunk_limits unlimited{
        std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint32_t>::max()};

    http::detail::chunked_decoder decoder_{unlimited};
    std::string decoded_;
    std::size_t taken_ = 0;
};

// The in-memory peer of a session.
struct memory_wire final : http::detail::transport {
    memory_wire(session_host& host, const std::string& peer) : machine(host, *this, peer) {}

    bool write(std::string_view output) override {
        received += output;
        return true;
    }
    bool send_file(std::string_view head, const http::file_range& part) override {
        received += head;
        std::string bytes(static_cast<std::size_t>(part.size), '\0');
        const ssize_t size =
            ::pread(part.file->descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(part.offset));
        if (size != static_cast<ssize_t>(bytes.size())) {
            if (machine.sends_file()) machine.lost(part.size);
            abort();
            return true;
        }
        received += bytes;
        return true;
    }
    std::uint64_t untaken() override { return 0; }
    void finish(bool) override { closed = true; }
    void abort() override { closed = true; }
    void resume_input() override {}

    std::string received;
    chunked_answer chunked;
    bool closed = false;
    session machine;
};

} // namespace

struct test_client::impl {
    impl(const http::router& app, const test_client_options& options)
        : home(*options.clock), host(home, app.table(), options.limits), peer(options.remote_address) {
        const error wrong = http::detail::check_limits(options.limits);
        if (wrong) throw std::invalid_argument("weir: test_client: " + std::string(wrong.message()));
    }

    memory_wire& wire() {
        if (!open) open = std::make_unique<memory_wire>(host, peer);
        return *open;
    }

    // Returns a complete response from the front of the received bytes, if there is one.
    std::optional<test_response> take(bool head_only);

    weir::loop home;
    session_host host;
    std::string peer;
    std::vector<std::pair<std::string, std::string>> headers;
    std::unique_ptr<memory_wire> open;
};

namespace {

test_response read_head(std::string_view head) {
    test_response res;
    const auto status = head.substr(head.find(' ') + 1, 3);
    std::from_chars(status.data(), status.data() + status.size(), res.status);
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
        const std::size_t end = head.find("\r\n", at);
        const std::string_view line = head.substr(at, end - at);
        const std::size_t colon = line.find(": ");
        res.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        at = end + 2;
    }
    const std::string connection = res.header("connection");
    for (http::detail::comma_list options(connection); options.next();)
        res.closes = res.closes || options.element() == "close";
    return res;
}

// Reads the body at the front of the bytes. Returns its size in bytes, or nothing if it is incomplete.
std::optional<std::size_t> cut_body(std::string_view bytes, test_response& res, bool head_only, memory_wire& wire) {
    if (head_only || res.status == 204 || res.status == 304 || res.status < 200) return 0;
    if (res.header("transfer-encoding") == "chunked") {
        if (!wire.chunked.take(bytes)) return std::nullopt;
        chunked_answer whole = std::exchange(wire.chunked, {});
        res.body = std::move(whole.decoded());
        return whole.taken();
    }
    const std::string length = res.header("content-length");
    std::size_t size = 0;
    std::from_chars(length.data(), length.data() + length.size(), size);
    if (length.empty()) size = bytes.size(); // the body extends until the connection closes
    if (bytes.size() < size || (length.empty() && !wire.closed)) return std::nullopt;
    res.body = bytes.substr(0, size);
    return size;
}

} // namespace

std::string test_response::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equal_no_case(key, name)) return value;
    return {};
}

std::optional<test_response> test_client::impl::take(bool head_only) {
    std::string& received = wire().received;
    const std::size_t blank = received.find("\r\n\r\n");
    if (blank == std::string::npos) return std::nullopt;
    test_response res = read_head(std::string_view(received).substr(0, blank + 2));
    const auto body = cut_body(std::string_view(received).substr(blank + 4), res, head_only, wire());
    if (!body) return std::nullopt;
    received.erase(0, blank + 4 + *body);
    return res;
}

test_client::test_client(const http::router& app, test_client_options options)
    : impl_(std::make_unique<impl>(app, options)) {}

test_client::~test_client() = default;

test_response test_client::get(std::string_view target) { return send(http::method::get, target); }

test_response test_client::del(std::string_view target) { return send(http::method::delete_, target); }

test_response test_client::post(std::string_view target, std::string_view json_body) {
    return send(http::method::post, target, json_body, "application/json");
}

test_response test_client::put(std::string_view target, std::string_view json_body) {
    return send(http::method::put, target, json_body, "application/json");
}

test_client& test_client::header(std::string name, std::string value) {
    std::erase_if(impl_->headers, [&](const auto& one) { return equal_no_case(one.first, name); });
    if (!value.empty()) impl_->headers.emplace_back(std::move(name), std::move(value));
    return *this;
}

test_response test_client::send(http::method verb, std::string_view target, std::string_view body,
                                std::string_view content_type) {
    impl_->home.poll(); // lets the previous request's turn end first
    if (closed()) impl_->open.reset();
    std::string bytes;
    bytes.append(http::name(verb)).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
    for (const auto& [key, value] : impl_->headers) bytes.append(key).append(": ").append(value).append("\r\n");
    if (!content_type.empty()) bytes.append("Content-Type: ").append(content_type).append("\r\n");
    if (!body.empty() || !content_type.empty())
        bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    bytes.append("\r\n").append(body);
    write(bytes);
    return receive(verb == http::method::head);
}

void test_client::write(std::string_view bytes) {
    std::string copy(bytes); // the session parses in place
    impl_->home.refresh();
    impl_->wire().machine.receive({copy.data(), copy.size()});
}

void test_client::write_end() {
    impl_->home.refresh();
    impl_->wire().machine.receive_end();
}

void test_client::reset() {
    impl_->open.reset();
    poll();
}

test_response test_client::receive(bool head_only) {
    for (;;) {
        if (auto res = impl_->take(head_only)) return std::move(*res);
        if (impl_->wire().closed) throw std::logic_error("the connection closed before a response was complete");
        if (!impl_->home.run_one())
            throw std::logic_error("deadlock: the handler is suspended and nothing can resume it");
    }
}

std::string test_client::output() {
    impl_->wire().chunked = {};
    return std::exchange(impl_->wire().received, {});
}

void test_client::poll() {
    impl_->home.poll();
    if (impl_->open && !impl_->open->closed) impl_->open->machine.tick(impl_->home.now());
    impl_->home.poll();
}

bool test_client::closed() const noexcept { return impl_->open && impl_->open->closed; }

weir::loop& test_client::loop() noexcept { return impl_->home; }

} // namespace weir::testing
