// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::http::detail {

/// How a body may be encoded (RFC 9110 section 8.4.1), in the order of the server's liking.
enum class content_coding : std::uint8_t { brotli, gzip, identity };

/// `br`, `gzip`, `identity`.
std::string_view name(content_coding coding) noexcept;

/// The coding of that name in any case, `x-gzip` included; nothing for any other.
std::optional<content_coding> parse_coding(std::string_view text) noexcept;

/// Whether this build has the library for it.
bool available(content_coding coding) noexcept;

/// Reads `0`, `0.5`, `1.000` as thousandths (RFC 9110 section 12.4.2); nothing for any other text.
std::optional<int> parse_quality(std::string_view text) noexcept;

/// Codings in the order in which they are to be tried.
class coding_ranking {
public:
    void add(content_coding coding) noexcept { codings_[size_++] = coding; }

    const content_coding* begin() const noexcept { return codings_.data(); }
    const content_coding* end() const noexcept { return codings_.data() + size_; }

private:
    std::array<content_coding, 2> codings_{};
    std::size_t size_ = 0;
};

/// What a client takes, gathered from all its Accept-Encoding fields (RFC 9110 section 12.5.3).
class accepted_codings {
public:
    /// Malformed elements are passed over.
    void add(std::string_view field) noexcept;

    /// Every coding that the client likes no less than identity, the best liked first; brotli before gzip where it
    /// doesn't care. What comes after the last of them is identity, even if it is refused.
    coding_ranking ranking() const noexcept;

    /// The coding that the client likes best among those that this build has. Identity where nothing else is accepted,
    /// even if it is refused: a client that refuses everything is better off with an answer than with a 406.
    content_coding best() const noexcept;

    /// `identity;q=0`, or `*;q=0` without a word for identity.
    bool refuses_identity() const noexcept { return quality(content_coding::identity) == 0; }

private:
    static constexpr int unsaid = -1;

    int quality(content_coding coding) const noexcept;

    std::array<int, 3> said_{unsaid, unsaid, unsaid}; // thousandths, by coding
    int others_ = 0;                                  // of `*`
    bool star_ = false;
};

} // namespace weir::http::detail
