// SPDX-License-Identifier: MIT
#include "http/wire/incoming_body.hpp"

#include "http/message/framework_errors.hpp"

#include <algorithm>
#include <utility>

namespace weir::http::detail {

incoming_body::step incoming_body::take(std::string& input, std::string& piece) {
    piece.clear();
    if (failure_) return step::failed;
    if (ended()) return step::end;
    if (input.empty()) return step::more;
    const step taken = decoder_ ? take_chunks(input, piece) : take_sized(input, piece);
    received_ += piece.size();
    return taken;
}

incoming_body::step incoming_body::take_sized(std::string& input, std::string& piece) {
    if (input.size() <= left_) {
        std::swap(input, piece);
        input.clear();
    } else {
        piece.assign(input, 0, static_cast<std::size_t>(left_));
        input.erase(0, piece.size());
    }
    left_ -= piece.size();
    return step::piece;
}

incoming_body::step incoming_body::take_chunks(std::string& input, std::string& piece) {
    const chunk_verdict verdict = decoder_->feed({input.data(), input.size()});
    if (verdict.status == chunk_status::refused) {
        fail(framework_error(verdict.http_status, verdict.reason));
        return step::failed;
    }
    piece.assign(input, 0, verdict.produced);
    input.erase(0, verdict.consumed);
    done_ = verdict.status == chunk_status::done;
    if (!piece.empty()) return step::piece;
    return done_ ? step::end : step::more;
}

bool incoming_body::skip(std::string& input) {
    std::string dropped;
    while (take(input, dropped) == step::piece) {
    }
    return ended();
}

void incoming_body::fail(error why) { failure_ = std::move(why); }

std::optional<std::uint64_t> incoming_body::size() const noexcept {
    if (decoder_) return std::nullopt;
    return left_ + received_;
}

} // namespace weir::http::detail
