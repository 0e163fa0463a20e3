// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

/// Whether bodies of that Content-Type compress well: text, JSON, XML, scripts, SVG, WebAssembly, uncompressed fonts.
bool is_compressible(std::string_view content_type) noexcept;

struct compress_options {
    std::size_t min_size = 1024; ///< bytes; compressing a smaller body costs more than it saves
    /// Bytes, except for streams; a larger body would block its loop for a tenth of a second.
    std::size_t max_size = 4 * 1024 * 1024;
    int gzip_level = 6;               ///< 1 to 9
    int brotli_quality = 4;           ///< 0 to 11; from 6 on too slow for dynamic responses
    std::vector<std::string> types{}; ///< media types to compress in addition to is_compressible
};

/// Encodes bodies with brotli or gzip as the client's Accept-Encoding prefers (RFC 9110 section 12.5.3), on the loop.
/// Skips bodies that are small, of another type, already encoded, partial (206) or `no-transform`. Sets `Vary:
/// Accept-Encoding` and makes a strong ETag weak. A build without zlib or brotli lacks that coding. In a stream each
/// write is flushed, so few large writes compress better than many small ones. Not compressed are files, which
/// static_files serves precompressed, and event streams, which would each hold an encoder (50 to 300 KB), unless
/// `types` lists text/event-stream. A secret next to attacker-chosen text leaks through its length (BREACH): send those
/// with `cache-control: no-transform`. Throws std::invalid_argument for levels out of range.
middleware compress(compress_options options = {});

} // namespace weir::http

namespace weir {
using http::compress;
} // namespace weir
