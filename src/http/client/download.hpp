// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/transfer.hpp"
#include "http/wire/content_decoder.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// Receives a response's body: decodes it if requested, and passes it to the request's sink or stores it; decoded
/// pieces are at most 64 KiB. The body of a redirect that is followed is dropped.
class client_download {
public:
    client_download(client_call& call, client_response_parser& parser) : call_(call), parser_(parser) {}

    /// Whether the body needs more than being left in the response.
    bool wanted() const noexcept { return call_.request.sink || call_.decompress; }
    /// Processes what has arrived since the last call. Returns an error of the sink; errc::unavailable for input that
    /// isn't of its coding, too_large over the limit.
    task<result<void>> take();
    /// Ends the body; errc::unavailable if its coding is incomplete.
    result<void> finish();

private:
    void begin();
    task<result<void>> take_coded();
    result<std::size_t> decode(std::string_view& coded);
    bool expands_too_much() const noexcept;
    task<result<void>> deliver(std::string_view bytes);
    error undecodable(const error& why) const;

    client_call& call_;
    client_response_parser& parser_;
    std::optional<content_decoder> decoder_{};
    std::string piece_{};
    std::unique_ptr<char[]> room_{}; // for a decoded piece
    std::uint64_t coded_ = 0;        // bytes so far
    std::uint64_t decoded_ = 0;
    std::string kept_{};
    bool begun_ = false;
    bool dropped_ = false;
};

/// Returns the codings that this build decodes, in the format of Accept-Encoding; empty if there are none.
std::string accepted_encodings();

} // namespace weir::http::detail
