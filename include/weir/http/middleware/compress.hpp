// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

/// Whether bodies of that Content-Type shrink: text, JSON, XML, scripts, SVG, WebAssembly, plain fonts.
bool is_compressible(std::string_view content_type) noexcept;

struct compress_options {
    std::size_t min_size = 1024; ///< bytes; a smaller body costs more than it saves
    /// Bytes, unless streamed; a larger one would hold up its loop for a tenth of a second.
    std::size_t max_size = 4 * 1024 * 1024;
    int gzip_level = 6;               ///< 1 to 9
    int brotli_quality = 4;           ///< 0 to 11; from 6 on too slow for answers made on the fly
    std::vector<std::string> types{}; ///< media types to compress besides those of is_compressible
};

/// Encodes bodies with brotli or gzip as the client's Accept-Encoding prefers (RFC 9110 section 12.5.3), on the
/// loop. Leaves alone what is small, of another type, encoded already, partial (206), or `no-transform`; says
/// `Vary: Accept-Encoding`, and makes a strong ETag weak. A build without zlib or brotli does without that coding.
/// A streamed body is encoded too, so that the client can read each write at once: few large writes shrink better
/// than many small ones. Event streams aren't, unless `types` names text/event-stream, as each would hold an
/// encoder (50 to 300 KB) for its life; nor are files, which static_files keeps encoded beside them.
/// Not for a secret beside text of a stranger's choice, which a length gives away (the BREACH attack): answer
/// that with `cache-control: no-transform`. Throws std::invalid_argument for levels out of range.
middleware compress(compress_options options = {});

} // namespace weir::http

namespace weir {
using http::compress;
} // namespace weir
