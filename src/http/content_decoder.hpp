// SPDX-License-Identifier: MIT
#pragma once

#include "http/content_coding.hpp"
#include <weir/core/result.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace weir::http::detail {

/// Decodes one body as it comes, of gzip all its members, into room that its caller has, without I/O. Stops at a limit
/// of decoded bytes, since a thousandth of them may be enough to ask for all memory. Belongs to one loop.
class content_decoder {
public:
    /// The coding is available and not identity. Throws std::bad_alloc.
    content_decoder(content_coding coding, std::size_t most);
    content_decoder(content_decoder&&) noexcept;
    content_decoder& operator=(content_decoder&&) noexcept;
    ~content_decoder();

    /// Fills `room` (at most 1 GiB) with what the bytes decode to, takes those it has used from their front and
    /// returns how many came out: 0 when it has used all and nothing is left. errc::too_large over the limit,
    /// errc::invalid_argument for what isn't of that coding and for bytes behind the end; then nothing may follow.
    result<std::size_t> read(std::string_view& bytes, std::span<char> room);

    /// Whether the encoded body has come to its end.
    bool complete() const noexcept;

    struct engine;

private:
    std::unique_ptr<engine> engine_;
};

} // namespace weir::http::detail
