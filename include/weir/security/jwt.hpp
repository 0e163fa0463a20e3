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

/// The registered claims (RFC 7519 §4.1) and roles. Times are seconds since 1970 in UTC; a token's fractions of a
/// second are cut off. Any other described struct works as well and needs only the members that its handlers read; use
/// double for times that may have a fraction (§2).
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
inline constexpr auto schema<jwt_claims> =
    object().field(&jwt_claims::sub, not_required).field(&jwt_claims::roles, not_required);

struct jwt_options {
    std::string issuer{};                             ///< written to tokens as iss, and required in them
    std::string audience{};                           ///< written to tokens as aud, and required in them
    std::chrono::seconds lifetime{3600};              ///< of a signed token without an exp claim
    std::chrono::seconds leeway{30};                  ///< tolerated clock difference
    const weir::clock* clock = &weir::system_clock(); ///< must outlive the keys
};

/// Signs and verifies JSON Web Tokens (RFC 7519) in JWS compact form, following RFC 8725. The first key signs; all of
/// them verify. To rotate keys, put the new one first and keep the old one until its tokens have expired. A token names
/// its key by kid; without one it is verified with the unnamed key or with the only key of its algorithm. Immutable,
/// thread-safe, cheap to copy.
class jwt_keys {
public:
    /// Throws error_exception (errc::invalid_argument) if two keys of one algorithm share a kid.
    explicit jwt_keys(jwt_key key, jwt_options options = {});
    jwt_keys(jwt_key current, std::vector<jwt_key> accepted, jwt_options options = {});

    /// Returns a token with these claims. Adds missing iat, exp, iss and aud from the clock and the options.
    /// errc::internal if the first key is a public one, errc::too_large over 8 KiB.
    template<class Claims>
    result<std::string> sign(const Claims& claims) const {
        return sign_json(to_json(claims));
    }

    /// Returns the claims of a valid token after checking its signature, exp (required), nbf, iat, issuer and audience.
    /// errc::unauthenticated otherwise, with the code `token_expired` or `invalid_token`, or plain `unauthenticated`
    /// for an empty token; the cause, for logs only, names the failed check.
    template<class Claims = jwt_claims>
    result<Claims> verify(std::string_view token) const {
        return read<Claims>(token);
    }

    /// The same with the claims as a JSON object.
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
