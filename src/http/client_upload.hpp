// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_exchange.hpp"

#include <array>
#include <span>
#include <string_view>

namespace weir::http {

/// Sends a request's body as its source gives it, in chunks (RFC 9112, 7.1) or with the length that was announced.
class client_upload {
public:
    client_upload(client_connection& connection, client_call& call) : connection_(connection), call_(call) {}

    /// An error of the source; errc::invalid_argument when it gives more or less than was announced. The
    /// connection can't be used any more then.
    task<result<void>> send();
    /// Why the connection took no more, if so. The server may have answered before.
    const boost::system::error_code& broken() const noexcept { return broken_; }

private:
    static constexpr std::size_t size_line = 18; // 16 digits and CRLF
    static constexpr std::size_t most = 16 * 1024;

    task<result<std::size_t>> next();
    std::string_view framed(std::size_t size) noexcept;
    task<void> write(std::string_view bytes);

    client_connection& connection_;
    client_call& call_;
    std::uint64_t given_ = 0;
    boost::system::error_code broken_{};
    std::array<char, size_line + most + 2> room_{};
};

} // namespace weir::http
