// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/content_coding.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::detail {

struct encoder_options {
    int gzip_level = 6;     // 1 to 9
    int brotli_quality = 4; // 0 to 11; from 5 on slower than gzip's best level
    std::size_t size = 0;   // of the whole body, if known: saves memory for small bodies
};

/// Encodes one body, whole or incrementally, without I/O. Belongs to one loop. Uses 50 to 300 KB of memory while it
/// exists.
class content_encoder {
public:
    /// The coding must be available and not identity. Throws std::bad_alloc.
    content_encoder(content_coding coding, encoder_options options);
    content_encoder(content_encoder&&) noexcept;
    content_encoder& operator=(content_encoder&&) noexcept;
    ~content_encoder();

    /// Encodes bytes and appends the output, which may be empty so far.
    void write(std::string_view bytes, std::string& out);
    /// Appends all pending output, so that the other side can read it now (server-sent events).
    void flush(std::string& out);
    /// Ends the body; nothing may follow.
    void finish(std::string& out);

    struct engine;

private:
    std::unique_ptr<engine> engine_;
};

} // namespace weir::http::detail
