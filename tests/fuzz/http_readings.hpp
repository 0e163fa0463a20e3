// SPDX-License-Identifier: MIT
#pragma once

#include "http/wire/body_decoder.hpp"
#include "http/wire/head_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http::differential {

/// One reader's result for the request at the front of some bytes.
struct reading {
    enum class verdict : std::uint8_t { accepted, incomplete, refused };

    verdict is = verdict::incomplete;
    int status = 0;       ///< weir's status for a refused request
    std::string reason{}; ///< in the reader's own words
    std::string method{};
    std::string target{}; ///< as received
    int minor_version = 1;
    std::vector<std::pair<std::string, std::string>> fields{}; ///< in order, without trailers
    std::optional<std::uint64_t> length{};
    bool chunked = false;
    bool keep_alive = false;
    std::string body{};
    std::size_t consumed = 0; ///< up to the next request's first byte

    bool accepted() const noexcept { return is == verdict::accepted; }
    bool refused() const noexcept { return is == verdict::refused; }
};

/// The longest body that either reader accepts: small, so that a fuzzer reaches it.
inline constexpr std::uint64_t most_body = 4096;

/// weir's parsers, combined as its session does for a buffered body.
class weir_reader {
public:
    explicit weir_reader(std::string_view bytes) : block_(bytes.begin(), bytes.end()) {}

    reading read() {
        const detail::head_verdict verdict = detail::parse_head(bytes(), {}, head_);
        if (verdict.status == detail::head_status::incomplete) return out_;
        if (verdict.status == detail::head_status::refused) return refuse(verdict.http_status, verdict.reason);
        take_head();
        if (head_.content_length > most_body) return refuse(413, "the body is larger than this resource accepts");
        return head_.chunked ? take_chunks() : take_length();
    }

private:
    std::string_view bytes() const { return {block_.data(), block_.size()}; }

    reading refuse(int status, std::string_view reason) {
        out_.is = reading::verdict::refused;
        out_.status = status;
        out_.reason = reason;
        return out_;
    }

    reading accept(std::string_view body, std::size_t consumed) {
        out_.is = reading::verdict::accepted;
        out_.body = body;
        out_.consumed = consumed;
        return out_;
    }

    void take_head() {
        out_.method = head_.method_in(bytes());
        const std::size_t target =
            head_.method_at + head_.method_size + 1U; // including the scheme of an absolute target
        out_.target = bytes().substr(target, head_.target + head_.target_size - target);
        out_.minor_version = head_.minor_version;
        for (std::size_t i = 0; i < head_.field_count; ++i)
            out_.fields.emplace_back(head_.fields[i].name_in(bytes()), head_.fields[i].value_in(bytes()));
        if (head_.has_content_length) out_.length = head_.content_length;
        out_.chunked = head_.chunked;
        out_.keep_alive = head_.keep_alive;
    }

    reading take_length() {
        const auto size = static_cast<std::size_t>(head_.content_length);
        if (block_.size() - head_.size < size) return out_;
        return accept(bytes().substr(head_.size, size), head_.size + size);
    }

    reading take_chunks() {
        detail::chunked_decoder decoder({.body = most_body});
        const detail::chunk_verdict verdict = decoder.feed(std::span<char>(block_).subspan(head_.size));
        if (verdict.status == detail::chunk_status::more) return out_;
        if (verdict.status == detail::chunk_status::refused) return refuse(verdict.http_status, verdict.reason);
        return accept(bytes().substr(head_.size, verdict.produced), head_.size + verdict.consumed);
    }

    std::vector<char> block_; // exactly this size, so that the sanitizer detects reads past its end
    detail::request_head head_;
    reading out_;
};

/// Beast's parser, recording its events. It gets all bytes at once, because resuming after the "0\r
/// " of an empty chunked body fails an assertion in it.
class beast_reader final : public boost::beast::http::basic_parser<true> {
    using code = boost::beast::error_code;
    using text = boost::beast::string_view;

public:
    reading read(std::string_view bytes) {
        const std::vector<char> block(bytes.begin(), bytes.end());
        eager(true);
        header_limit(1U << 30); // it has no limits for a line or for the number of fields
        body_limit(most_body);
        code failed;
        out_.consumed = put(boost::asio::buffer(block.data(), block.size()), failed);
        if (is_header_done()) take_framing();
        if (is_done()) {
            out_.is = reading::verdict::accepted;
        } else if (failed && failed != boost::beast::http::error::need_more) {
            out_.is = reading::verdict::refused;
            out_.reason = failed.message();
        }
        return out_;
    }

private:
    void take_framing() {
        out_.chunked = chunked();
        out_.keep_alive = keep_alive();
    }

    void on_request_impl(boost::beast::http::verb, text method, text target, int version, code&) override {
        out_.method.assign(method.data(), method.size());
        out_.target.assign(target.data(), target.size());
        out_.minor_version = version % 10;
    }
    void on_response_impl(int, text, int, code&) override {}
    void on_field_impl(boost::beast::http::field, text name, text value, code&) override {
        if (header_done_) return; // a trailer
        out_.fields.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
    void on_header_impl(code&) override {
        header_done_ = true;
        if (const auto length = content_length()) out_.length = *length;
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, code&) override {}
    std::size_t on_body_impl(text body, code&) override { return keep(body); }
    void on_chunk_header_impl(std::uint64_t, text, code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, text body, code&) override { return keep(body); }
    void on_finish_impl(code&) override {}

    std::size_t keep(text body) {
        out_.body.append(body.data(), body.size());
        return body.size();
    }

    reading out_;
    bool header_done_ = false;
};

inline reading read_with_weir(std::string_view bytes) {
    const auto reader = std::make_unique<weir_reader>(bytes);
    return reader->read();
}

inline reading read_with_beast(std::string_view bytes) {
    beast_reader reader;
    return reader.read(bytes);
}

} // namespace weir::http::differential
