// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/reflect/json.hpp>
#include <weir/security/jwt_key.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The registered claims (RFC 7519 §4.1) and roles; times are seconds since 1970 in UTC, a token's fractions of a
/// second cut off. Any other described struct serves as well: it needs no more than the members that its handlers
/// read; for times that may have a fraction (§2) these are double.
struct jwt_claims {
    std::string sub{};
    std::vector<std::string> roles{};
    std::optional<std::string> iss{};
    std::optional<std::string> jti{};
    std::optional<std::int64_t> iat{};
    std::optional<std::int64_t> nbf{};
    std::optional<std::int64_t> exp{};

    bool operator==(const jwt_claims&) const = default;
};
BOOST_DESCRIBE_STRUCT(jwt_claims, (), (sub, roles, iss, jti, iat, nbf, exp))

template<>
inline constexpr auto
    schema<jwt_claims> = object().field(&jwt_claims::sub, not_required).field(&jwt_claims::roles, not_required);

struct jwt_options {
    std::string issuer{};                             ///< put into tokens as iss, and demanded of them
    std::string audience{};                           ///< put into tokens as aud, and demanded of them
    std::chrono::seconds lifetime{3600};              ///< of a signed token whose claims have no exp
    std::chrono::seconds leeway{30};                  ///< for clocks that differ
    const weir::clock* clock = &weir::system_clock(); ///< outlives the keys
};

/// Signs and verifies JSON Web Tokens (RFC 7519) in JWS compact form, the way RFC 8725 advises. The
/// first key signs; all of them verify, so a key is replaced by putting the new one in front until the
/// old one's tokens have expired. A token names its key by kid; without one it's verified by the key
/// without a name, or by the only key of its algorithm. Immutable, thread-safe, cheap to copy.
class jwt_keys {
public:
    /// Throws error_exception (errc::invalid_argument) when two keys of one algorithm share a kid.
    explicit jwt_keys(jwt_key key, jwt_options options = {});
    jwt_keys(jwt_key current, std::vector<jwt_key> accepted, jwt_options options = {});

    /// A token with these claims. Missing iat, exp, iss and aud are filled in from the clock and the
    /// options. errc::internal when the first key is a public one, errc::too_large over 8 KiB.
    template<class Claims>
    result<std::string> sign(const Claims& claims) const {
        return sign_json(to_json(claims));
    }

    /// The claims of a good token: signature, exp (required), nbf, iat, issuer and audience are checked.
    /// errc::unauthenticated for any other, code `token_expired` or `invalid_token`, and plain
    /// `unauthenticated` for no token at all; which check failed is the cause, for logs alone.
    template<class Claims = jwt_claims>
    result<Claims> verify(std::string_view token) const {
        return read<Claims>(token);
    }

    /// The same with the claims as JSON, an object.
    result<std::string> sign_json(std::string claims) const;
    result<std::string> verify_json(std::string_view token) const;

    /// The largest token, in bytes.
    static constexpr std::size_t max_size = 8192;

private:
    struct state;

    template<class Claims>
    result<Claims> read(std::string_view token) const {
        auto payload = verify_json(token);
        if (!payload) return payload.error();
        auto claims = from_json<Claims>(*payload);
        if (!claims) return invalid(claims.error());
        return claims;
    }
    static error invalid(error cause);

    std::shared_ptr<const state> state_;
};

template<>
result<jwt_claims> jwt_keys::verify<jwt_claims>(std::string_view token) const;

} // namespace weir
