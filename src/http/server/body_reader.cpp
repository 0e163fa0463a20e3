// SPDX-License-Identifier: MIT
#include "http/server/session.hpp"
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>

namespace weir::http {

task<result<std::string_view>> body_reader::read() { return task_->stream().read(); }

task<result<std::string>> body_reader::read_all(std::size_t most) {
    std::string whole;
    for (;;) {
        const auto piece = co_await read();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return whole;
        if (piece->size() > most - whole.size())
            co_return error(errc::too_large, "the body is larger than this resource accepts");
        whole += *piece;
    }
}

const header_list& body_reader::trailers() const noexcept { return task_->req().trailers(); }

std::optional<std::uint64_t> body_reader::size() const noexcept {
    const auto* const connection = task_->owner();
    if (!connection) return std::nullopt;
    return connection->body_size();
}

result<body_reader> extractor<body_reader>::from(request& req) {
    auto* const running = detail::request_access::running(req);
    if (!running) return error(errc::internal, "only a coroutine handler can read the body as a stream");
    return body_reader(*running);
}

task<result<void>> body_writer::write(std::string_view piece) { return task_->stream().write(piece); }

header_list& body_writer::trailers() noexcept { return task_->stream().trailers(); }

} // namespace weir::http
