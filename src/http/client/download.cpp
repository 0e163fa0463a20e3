// SPDX-License-Identifier: MIT
#include "http/client/download.hpp"

namespace weir::http::detail {

namespace {

constexpr std::size_t piece_size = 64 * 1024;

} // namespace

task<result<void>> client_download::take() {
    parser_.take_body(piece_);
    if (piece_.empty()) co_return ok();
    if (!begun_) begin();
    if (dropped_) co_return ok();
    if (decoder_) co_return co_await take_coded();
    co_return co_await deliver(piece_);
}

// A few bytes may decode to gigabytes, so each decoded piece goes to the sink before the next one.
task<result<void>> client_download::take_coded() {
    std::string_view coded = piece_;
    coded_ += coded.size();
    while (true) {
        const auto size = decode(coded);
        if (!size) co_return size.error();
        if (*size == 0) co_return ok();
        const std::string_view piece(room_.get(), *size);
        auto taken = co_await deliver(piece);
        if (!taken) co_return taken;
    }
}

// Called once the fields are known. A list of codings, or one that this build lacks, is left to the caller.
void client_download::begin() {
    begun_ = true;
    dropped_ = call_.passes(parser_.response());
    if (!call_.decompress) return;
    const auto coding = parse_coding(parser_.response().headers.find("content-encoding"));
    if (!coding || *coding == content_coding::identity || !available(*coding)) return;
    decoder_.emplace(*coding, call_.most.body);
    room_.reset(new char[piece_size]);
    parser_.response().headers.erase("content-encoding"); // they no longer describe the body
    parser_.response().headers.erase("content-length");
}

result<std::size_t> client_download::decode(std::string_view& coded) {
    const auto size = decoder_->read(coded, {room_.get(), piece_size});
    if (!size) return undecodable(size.error());
    decoded_ += *size;
    if (expands_too_much())
        return undecodable(
            error(errc::too_large, "the decoded body is more than " + std::to_string(call_.expansion.most) +
                                       " times as large as the encoded one"));
    return *size;
}

bool client_download::expands_too_much() const noexcept {
    const auto& allowed = call_.expansion;
    return allowed.most != 0 && decoded_ > allowed.from && decoded_ / allowed.most >= coded_;
}

task<result<void>> client_download::deliver(std::string_view bytes) {
    if (!call_.request.sink) {
        kept_ += bytes;
        co_return ok();
    }
    auto taking = call_.request.sink(parser_.response(), bytes);
    co_return co_await run_cancellable(call_.stop, std::move(taking));
}

result<void> client_download::finish() {
    if (decoder_ && !dropped_ && !decoder_->complete())
        return undecodable(error(errc::unavailable, "the encoded body is truncated"));
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
        if (!available(one)) continue;
        if (!list.empty()) list += ", ";
        list += name(one);
    }
    return list;
}

} // namespace weir::http::detail
