// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_exchange.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace weir::http {

/// Sends a request; its body as the source gives it where there is one, in chunks (RFC 9112, 7.1) or with the length
/// that was announced.
class client_upload {
public:
    /// `quit` cancels the source.
    client_upload(client_connection& connection, client_call& call, client_interrupt& quit)
        : connection_(connection), call_(call), quit_(quit) {}

    /// An error of the source; errc::invalid_argument when it gives more or less than was announced. The
    /// connection can't be used any more then.
    task<result<void>> send();
    /// Whether the connection has taken the whole request, be it that the source hasn't said its end yet.
    bool whole() const noexcept { return whole_; }
    /// Why the connection took no more, if so. The server may have answered before.
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
    std::unique_ptr<char[]> room_{}; // for a piece of the source and the chunk around it
};

} // namespace weir::http
