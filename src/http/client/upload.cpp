// SPDX-License-Identifier: MIT
#include "http/client/upload.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::http::detail {

namespace {

error other_size(std::string_view what) {
    return {errc::invalid_argument, "the source of the body gave " + std::string(what) + " than it announced"};
}

} // namespace

task<result<void>> client_upload::send() {
    co_await write(call_.head, call_.request.body);
    if (!broken_ && call_.request.source) {
        auto given = co_await send_source();
        if (!given) co_return given;
    }
    whole_ = !broken_;
    co_return ok();
}

task<result<void>> client_upload::send_source() {
    const auto announced = call_.request.source_size;
    room_.reset(new char[size_line + most + 2]);
    while (!broken_) {
        whole_ = announced && given_ == *announced;
        auto size = co_await next();
        if (!size) co_return size.error();
        if (*size == 0) break;
        const std::string_view bytes = announced ? std::string_view(room_.get() + size_line, *size) : framed(*size);
        co_await write(bytes);
    }
    if (!broken_ && !announced) co_await write("0\r\n\r\n");
    if (!broken_ && announced && given_ < *announced) co_return other_size("less");
    co_return ok();
}

task<result<std::size_t>> client_upload::next() {
    const std::span<char> room(room_.get() + size_line, most);
    auto giving = call_.request.source(room);
    auto size = co_await run_cancellable(quit_, std::move(giving));
    if (!size) co_return size;
    if (*size > most)
        co_return error(errc::internal, "the source of the body reports more bytes than its buffer holds");
    given_ += *size;
    if (call_.request.source_size && given_ > *call_.request.source_size) co_return other_size("more");
    co_return size;
}

// Adds the chunk framing around the piece in the buffer.
std::string_view client_upload::framed(std::size_t size) noexcept {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    char* const begin = room_.get() + size_line - 2 - (end - digits.data());
    *std::copy(digits.data(), end, begin) = '\r';
    room_[size_line - 1] = '\n';
    char* const behind = room_.get() + size_line + size;
    behind[0] = '\r';
    behind[1] = '\n';
    return {begin, static_cast<std::size_t>(behind + 2 - begin)};
}

task<void> client_upload::write(std::string_view bytes, std::string_view more) {
    call_.exposed = true;
    broken_ = co_await connection_.write(bytes, more);
    if (broken_) co_return;
    call_.sent += bytes.size() + more.size();
    call_.counts.sent += bytes.size() + more.size();
}

} // namespace weir::http::detail
