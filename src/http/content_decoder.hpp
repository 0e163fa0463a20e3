// SPDX-License-Identifier: MIT
#pragma once

#include "http/content_coding.hpp"
#include <weir/core/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// Decodes one body, whole or piece by piece, without I/O. Stops at a limit of decoded bytes, since a
/// thousandth of them may be enough to ask for all memory. Belongs to one loop.
class content_decoder {
public:
    /// The coding is available and not identity. Throws std::bad_alloc.
    content_decoder(content_coding coding, std::size_t most);
    content_decoder(content_decoder&&) noexcept;
    content_decoder& operator=(content_decoder&&) noexcept;
    ~content_decoder();

    /// Appends what the bytes decode to. errc::too_large over the limit, errc::invalid_argument for what isn't
    /// of that coding and for bytes behind the end; then nothing may follow.
    result<void> write(std::string_view bytes, std::string& out);

    /// Whether the encoded body has come to its end.
    bool complete() const noexcept;

    struct engine;

private:
    std::unique_ptr<engine> engine_;
};

} // namespace weir::http::detail
