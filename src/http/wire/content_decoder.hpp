// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/content_coding.hpp"
#include <weir/core/result.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace weir::http::detail {

/// Decodes one body incrementally (for gzip, all its members) into the caller's memory, without I/O. Stops at a limit
/// of decoded bytes, since a small body can expand a thousandfold. Belongs to one loop.
class content_decoder {
public:
    /// The coding must be available and not identity. Throws std::bad_alloc.
    content_decoder(content_coding coding, std::size_t most);
    content_decoder(content_decoder&&) noexcept;
    content_decoder& operator=(content_decoder&&) noexcept;
    ~content_decoder();

    /// Decodes into `room` (at most 1 GiB), removes the used bytes from the front of `bytes` and returns the number of
    /// decoded ones: 0 when all input is used and nothing is pending. errc::too_large over the limit,
    /// errc::invalid_argument for input that isn't of that coding and for bytes after its end; both are final.
    result<std::size_t> read(std::string_view& bytes, std::span<char> room);

    /// Whether the end of the encoded body was reached.
    bool complete() const noexcept;

    struct engine;

private:
    std::unique_ptr<engine> engine_;
};

} // namespace weir::http::detail
