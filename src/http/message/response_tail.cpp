// SPDX-License-Identifier: MIT
#include "http/message/response_tail.hpp"

#include <unistd.h>

namespace weir::http {

open_file::~open_file() { ::close(descriptor_); }

void send_file(file_range part, response& out) {
    out.body.clear();
    out.tail = std::make_shared<detail::response_tail>(detail::response_tail{std::move(part)});
}

response stream(body_source source, stream_options options) {
    response made;
    made.headers.set("content-type", options.content_type);
    detail::streamed_body body{std::move(source), options.size, options.endless};
    made.tail = std::make_shared<detail::response_tail>(detail::response_tail{std::move(body)});
    return made;
}

namespace detail {

std::optional<std::uint64_t> announced_size(const response_tail& tail) noexcept {
    if (const auto* file = std::get_if<file_range>(&tail.kind)) return file->size;
    if (const auto* body = std::get_if<streamed_body>(&tail.kind)) return body->size;
    return std::nullopt;
}

} // namespace detail

} // namespace weir::http
