// SPDX-License-Identifier: MIT
#include "http/message/framework_errors.hpp"
#include <weir/http/multipart_reader.hpp>

namespace weir::http {

task<result<multipart_event>> multipart_reader::next() {
    for (;;) {
        const auto event = parser_.next();
        if (!event || *event != multipart_event::more) co_return event;
        const auto piece = co_await body_.read();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return detail::framework_error(400, "multipart: the body ends before its last boundary");
        parser_.feed(*piece);
    }
}

task<result<const multipart_head*>> multipart_reader::next_part() {
    for (;;) {
        const auto event = co_await next();
        if (!event) co_return event.error();
        inside_ = *event == multipart_event::part;
        if (inside_) co_return &parser_.head();
        if (*event == multipart_event::end) break;
    }
    const auto finished = co_await finish();
    if (!finished) co_return finished.error();
    co_return nullptr;
}

task<result<void>> multipart_reader::finish() {
    for (;;) {
        const auto piece = co_await body_.read();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return ok();
        parser_.feed(*piece);
        const auto event = parser_.next();
        if (!event) co_return event.error();
    }
}

task<result<std::string_view>> multipart_reader::read() {
    if (!inside_) co_return std::string_view{};
    const auto event = co_await next();
    if (!event) co_return event.error();
    inside_ = *event == multipart_event::data;
    co_return parser_.data();
}

task<result<std::string>> multipart_reader::read_all(std::size_t most) {
    std::string all;
    for (;;) {
        const auto piece = co_await read();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return all;
        if (piece->size() > most - all.size()) co_return error(errc::too_large, "a part of the form is too large");
        all.append(*piece);
    }
}

task<result<void>> multipart_reader::save_to(upload_file& file, blocking_pool& pool) {
    for (;;) {
        const auto piece = co_await read();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return ok();
        const std::string_view bytes = *piece;
        const auto job = [&file, bytes] { return file.write(bytes); };
        const auto written = co_await pool.run(job);
        if (!written) co_return written.error();
    }
}

result<multipart_reader> extractor<multipart_reader>::from(request& req) {
    auto parser = multipart_parser::for_type(req.header("content-type"));
    if (!parser) return parser.error();
    if (error coded = detail::require_uncoded(req)) return coded;
    const auto body = extractor<body_reader>::from(req);
    if (!body) return body.error();
    return multipart_reader(*body, std::move(*parser));
}

} // namespace weir::http
