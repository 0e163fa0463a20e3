// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_exchange.hpp"
#include "http/content_decoder.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

/// Takes a response's body as it comes: decodes it where that was asked for, gives it to the request's sink or
/// keeps it, in pieces of at most 64 KiB where it was decoded. The body of a redirect that is followed is dropped.
class client_download {
public:
    client_download(client_call& call, client_response_parser& parser) : call_(call), parser_(parser) {}

    /// Whether there is anything to do beside leaving the body in the response.
    bool wanted() const noexcept { return call_.request.sink || call_.decompress; }
    /// What has come since the last time. An error of the sink; errc::unavailable for what isn't of its coding,
    /// too_large over the limit.
    task<result<void>> take();
    /// The body has ended; errc::unavailable when its coding hasn't.
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
    std::optional<detail::content_decoder> decoder_{};
    std::string piece_{};
    std::unique_ptr<char[]> room_{}; // for a piece of what was decoded
    std::uint64_t coded_ = 0;        // bytes so far
    std::uint64_t decoded_ = 0;
    std::string kept_{};
    bool begun_ = false;
    bool dropped_ = false;
};

/// The codings that this build decodes, as Accept-Encoding has them; empty when there is none.
std::string accepted_encodings();

} // namespace weir::http
