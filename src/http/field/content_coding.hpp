// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::http::detail {

/// Content codings (RFC 9110 section 8.4.1), in the order of the server's preference.
enum class content_coding : std::uint8_t { brotli, gzip, identity };

/// Returns `br`, `gzip` or `identity`.
std::string_view name(content_coding coding) noexcept;

/// Parses a coding's name, case-insensitively, including `x-gzip`; nothing for any other.
std::optional<content_coding> parse_coding(std::string_view text) noexcept;

/// Whether this build has the coding's library.
bool available(content_coding coding) noexcept;

/// Parses `0`, `0.5`, `1.000` as thousandths (RFC 9110 section 12.4.2); nothing for any other string.
std::optional<int> parse_quality(std::string_view text) noexcept;

/// Codings in the order in which to try them.
class coding_ranking {
public:
    void add(content_coding coding) noexcept { codings_[size_++] = coding; }

    const content_coding* begin() const noexcept { return codings_.data(); }
    const content_coding* end() const noexcept { return codings_.data() + size_; }

private:
    std::array<content_coding, 2> codings_{};
    std::size_t size_ = 0;
};

/// The codings that a client accepts, from all its Accept-Encoding fields (RFC 9110 section 12.5.3).
class accepted_codings {
public:
    /// Adds a field's value; malformed elements are skipped.
    void add(std::string_view field) noexcept;

    /// Returns every coding that the client ranks at least as high as identity, the highest first; brotli before gzip
    /// for equal weights. Identity comes after the last of them, even if it is refused.
    coding_ranking ranking() const noexcept;

    /// Returns the client's highest-ranked coding among those of this build. Identity if no other is accepted, even if
    /// it is refused: for a client that refuses everything a response is better than a 406.
    content_coding best() const noexcept;

    /// `identity;q=0`, or `*;q=0` without an entry for identity.
    bool refuses_identity() const noexcept { return quality(content_coding::identity) == 0; }

private:
    static constexpr int unsaid = -1;

    int quality(content_coding coding) const noexcept;

    std::array<int, 3> said_{unsaid, unsaid, unsaid}; // thousandths, by coding
    int others_ = 0;                                  // of `*`
    bool star_ = false;
};

} // namespace weir::http::detail
