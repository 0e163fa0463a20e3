// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/blocking_pool.hpp>
#include <weir/http/body_reader.hpp>
#include <weir/http/multipart_parser.hpp>
#include <weir/http/upload_file.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

/// Reads a multipart/form-data form as it arrives, as a parameter of a coroutine handler: one part at a time, none of
/// them in memory as a whole. Reading slower than the client sends holds the client back. Errors as body_reader's, 415
/// for another media type, 400 for a malformed form, 413 over multipart_limits; final.
///
///     task<result<void>> upload(weir::multipart_reader form) {
///         for (;;) {
///             auto part = co_await form.next_part();
///             if (!part) co_return part.error();
///             if (!*part) break;
///             if ((*part)->is_file) ...co_await form.save_to(file, disk_pool)
class multipart_reader {
public:
    multipart_reader(body_reader body, multipart_parser parser) : body_(body), parser_(std::move(parser)) {}

    /// Skips the rest of this part and goes to the next; null at the form's end. The head is valid until the next call.
    task<result<const multipart_head*>> next_part();

    /// Returns the part's next piece; empty at its end. The view is valid until the next call.
    task<result<std::string_view>> read();

    /// Returns the rest of the part, up to `most` bytes; errc::too_large beyond.
    task<result<std::string>> read_all(std::size_t most);

    /// Writes the rest of the part to the file, each piece on a thread of the pool. Errors as upload_file's.
    task<result<void>> save_to(upload_file& file, blocking_pool& pool);

private:
    // Feeds the parser until it returns something other than `more`.
    task<result<multipart_event>> next();
    // Reads what follows the form, at most a line break, so that the connection can be reused.
    task<result<void>> finish();

    body_reader body_;
    multipart_parser parser_;
    bool inside_ = false; // within a part
};

template<>
struct extractor<multipart_reader> {
    static result<multipart_reader> from(request& req);
};

} // namespace weir::http

namespace weir {
using http::multipart_reader;
using http::upload_file;
} // namespace weir
