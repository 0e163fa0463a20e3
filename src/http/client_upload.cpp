// SPDX-License-Identifier: MIT
#include "http/client_upload.hpp"

#include <algorithm>
#include <charconv>

namespace weir::http {

namespace {

error other_size(std::string_view what) {
    return {errc::invalid_argument, "the source of the body gave " + std::string(what) + " than it announced"};
}

} // namespace

task<result<void>> client_upload::send() {
    const bool chunked = !call_.request.source_size;
    while (!broken_) {
        auto size = co_await next();
        if (!size) co_return size.error();
        if (*size == 0) break;
        const std::string_view bytes = chunked ? framed(*size) : std::string_view(room_.data() + size_line, *size);
        co_await write(bytes);
    }
    if (!broken_ && chunked) co_await write("0\r\n\r\n");
    if (!broken_ && !chunked && given_ < *call_.request.source_size) co_return other_size("less");
    co_return ok();
}

task<result<std::size_t>> client_upload::next() {
    const std::span<char> room(room_.data() + size_line, most);
    auto giving = call_.request.source(room);
    const std::function<void()> cut = [this] { connection_.close(); };
    auto size = co_await run_cancellable(call_.stop, cut, std::move(giving));
    if (!size) co_return size;
    if (*size > most) co_return error(errc::internal, "the source of the body says more than fits into its room");
    given_ += *size;
    if (call_.request.source_size && given_ > *call_.request.source_size) co_return other_size("more");
    co_return size;
}

// The chunk around what stands in the room.
std::string_view client_upload::framed(std::size_t size) noexcept {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    char* const begin = room_.data() + size_line - 2 - (end - digits.data());
    *std::copy(digits.data(), end, begin) = '\r';
    room_[size_line - 1] = '\n';
    char* const behind = room_.data() + size_line + size;
    behind[0] = '\r';
    behind[1] = '\n';
    return {begin, static_cast<std::size_t>(behind + 2 - begin)};
}

task<void> client_upload::write(std::string_view bytes) {
    constexpr std::string_view nothing_more;
    broken_ = co_await connection_.write(bytes, nothing_more);
    if (broken_) co_return;
    call_.sent += bytes.size();
    call_.counts.sent += bytes.size();
}

} // namespace weir::http
