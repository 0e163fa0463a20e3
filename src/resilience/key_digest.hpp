// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::resilience::detail {

/// A 128-bit digest of a key, large enough that collisions don't occur in practice.
struct key_digest {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    bool operator==(const key_digest&) const = default;
};

/// SipHash with a random key and 128 bits (Aumasson and Bernstein 2012, https://github.com/veorq/SipHash): without that
/// key an attacker can choose neither colliding keys nor keys that share a bucket or shard.
template<int Compressions = 1, int Finalizations = 3>
class siphash {
public:
    siphash(std::uint64_t k0, std::uint64_t k1) noexcept : k0_(k0), k1_(k1) {}

    key_digest operator()(std::string_view bytes) const noexcept {
        lanes v{k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d ^ 0xee, k0_ ^ 0x6c7967656e657261,
                k1_ ^ 0x7465646279746573};
        const std::uint64_t size = bytes.size();
        for (; bytes.size() >= 8; bytes.remove_prefix(8)) compress(v, word(bytes.substr(0, 8)));
        compress(v, size << 56 | word(bytes));
        v.c ^= 0xee;
        for (int i = 0; i < Finalizations; ++i) round(v);
        key_digest made{.low = v.a ^ v.b ^ v.c ^ v.d};
        v.b ^= 0xdd;
        for (int i = 0; i < Finalizations; ++i) round(v);
        made.high = v.a ^ v.b ^ v.c ^ v.d;
        return made;
    }

private:
    struct lanes {
        std::uint64_t a;
        std::uint64_t b;
        std::uint64_t c;
        std::uint64_t d;
    };

    // Loads up to eight bytes in little-endian order.
    static std::uint64_t word(std::string_view bytes) noexcept {
        std::uint64_t all = 0;
        if (bytes.empty()) return all;
        if constexpr (std::endian::native == std::endian::little)
            std::memcpy(&all, bytes.data(), bytes.size());
        else
            for (std::size_t i = 0; i < bytes.size(); ++i)
                all |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
        return all;
    }

    static void compress(lanes& v, std::uint64_t word) noexcept {
        v.d ^= word;
        for (int i = 0; i < Compressions; ++i) round(v);
        v.a ^= word;
    }

    static void round(lanes& v) noexcept {
        v.a += v.b;
        v.b = std::rotl(v.b, 13) ^ v.a;
        v.a = std::rotl(v.a, 32);
        v.c += v.d;
        v.d = std::rotl(v.d, 16) ^ v.c;
        v.a += v.d;
        v.d = std::rotl(v.d, 21) ^ v.a;
        v.c += v.b;
        v.b = std::rotl(v.b, 17) ^ v.c;
        v.c = std::rotl(v.c, 32);
    }

    std::uint64_t k0_;
    std::uint64_t k1_;
};

} // namespace weir::resilience::detail
