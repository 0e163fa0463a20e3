// SPDX-License-Identifier: MIT
#include "http/client_download.hpp"

namespace weir::http {

using detail::content_coding;

task<result<void>> client_download::take() {
    parser_.take_body(piece_);
    if (piece_.empty()) co_return ok();
    if (!begun_) begin();
    if (dropped_) co_return ok();
    if (auto decoded = decode(); !decoded) co_return decoded;
    const std::string& bytes = decoder_ ? decoded_ : piece_;
    if (call_.request.sink && !bytes.empty()) co_return co_await give(bytes);
    kept_ += bytes;
    co_return ok();
}

// The fields are known now. A list of codings, or one that this build lacks, is left to the caller.
void client_download::begin() {
    begun_ = true;
    dropped_ = call_.passes(parser_.response());
    if (!call_.decompress) return;
    const auto coding = detail::parse_coding(parser_.response().headers.find("content-encoding"));
    if (!coding || *coding == content_coding::identity || !detail::available(*coding)) return;
    decoder_.emplace(*coding, call_.most.body);
    parser_.response().headers.erase("content-encoding"); // they tell of what isn't there any more
    parser_.response().headers.erase("content-length");
}

result<void> client_download::decode() {
    if (!decoder_) return ok();
    decoded_.clear();
    if (auto done = decoder_->write(piece_, decoded_); !done) return undecodable(done.error());
    return ok();
}

task<result<void>> client_download::give(std::string_view bytes) {
    auto taking = call_.request.sink(parser_.response(), bytes);
    const std::function<void()> cut = [this] { connection_.close(); };
    co_return co_await run_cancellable(call_.stop, cut, std::move(taking));
}

result<void> client_download::finish() {
    if (decoder_ && !dropped_ && !decoder_->complete())
        return undecodable(error(errc::unavailable, "the body ended inside its coding"));
    if (begun_ && !call_.request.sink) parser_.response().body = std::move(kept_);
    return ok();
}

error client_download::undecodable(const error& why) const {
    const errc kind = why == errc::too_large ? errc::too_large : errc::unavailable;
    return error(kind, call_.url.authority() + ": " + std::string(why.message())).with_status(502);
}

std::string accepted_encodings() {
    std::string list;
    for (const auto one : {content_coding::brotli, content_coding::gzip}) {
        if (!detail::available(one)) continue;
        if (!list.empty()) list += ", ";
        list += name(one);
    }
    return list;
}

} // namespace weir::http
