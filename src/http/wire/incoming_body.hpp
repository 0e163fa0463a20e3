// SPDX-License-Identifier: MIT
#pragma once

#include "http/wire/body_decoder.hpp"
#include <weir/core/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// A request's body, in either framing, for a handler that reads it piece by piece.
class incoming_body {
public:
    enum class step : std::uint8_t { piece, end, more, failed };

    explicit incoming_body(std::uint64_t length) noexcept : left_(length) {}
    explicit incoming_body(chunk_limits limits) noexcept : decoder_(limits) {}

    /// Moves the body's bytes from the front of `input` into `piece`; `more` if there were none.
    step take(std::string& input, std::string& piece);
    /// Discards the rest of the body from `input`; returns whether the body is complete.
    bool skip(std::string& input);

    /// Ends the body with an error, which every later `take` repeats.
    void fail(error why);

    const error& failure() const noexcept { return failure_; }
    bool ended() const noexcept { return !failure_ && (decoder_ ? done_ : left_ == 0); }
    std::uint64_t received() const noexcept { return received_; }
    /// See chunked_decoder::trailer_lines.
    std::string_view trailer_lines() const noexcept { return decoder_ ? decoder_->trailer_lines() : ""; }
    std::optional<std::uint64_t> size() const noexcept;

private:
    step take_sized(std::string& input, std::string& piece);
    step take_chunks(std::string& input, std::string& piece);

    std::optional<chunked_decoder> decoder_;
    std::uint64_t left_ = 0;
    std::uint64_t received_ = 0;
    bool done_ = false;
    error failure_;
};

} // namespace weir::http::detail
