// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/transfer.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace weir::http::detail {

/// Sends a request, with the body from its source if there is one: in chunks (RFC 9112, 7.1) or with the announced
/// length.
class client_upload {
public:
    /// `quit` cancels the source.
    client_upload(client_connection& connection, client_call& call, client_interrupt& quit)
        : connection_(connection), call_(call), quit_(quit) {}

    /// Returns an error of the source, and errc::invalid_argument if it gives more or less than announced. The
    /// connection is then unusable.
    task<result<void>> send();
    /// Whether the connection has taken the whole request, even if the source hasn't reported its end yet.
    bool whole() const noexcept { return whole_; }
    /// Why the connection stopped accepting data, if it did. The server may have responded before.
    const boost::system::error_code& broken() const noexcept { return broken_; }

private:
    static constexpr std::size_t size_line = 18; // 16 digits and CRLF
    static constexpr std::size_t most = 16 * 1024;

    task<result<void>> send_source();
    task<result<std::size_t>> next();
    std::string_view framed(std::size_t size) noexcept;
    task<void> write(std::string_view bytes, std::string_view more = {});

    client_connection& connection_;
    client_call& call_;
    client_interrupt& quit_;
    bool whole_ = false;
    std::uint64_t given_ = 0;
    boost::system::error_code broken_{};
    std::unique_ptr<char[]> room_{}; // for a piece of the source and its chunk framing
};

} // namespace weir::http::detail
