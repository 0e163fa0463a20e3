// SPDX-License-Identifier: MIT
#include <weir/core/json_writer.hpp>
#include <weir/security/crypto.hpp>
#include <weir/security/jwt.hpp>

#include <algorithm>
#include <cmath>

namespace weir {

namespace {

// A member that accepts no value: a token that contains it is rejected.
struct forbidden {};

// RFC 7515 §4.1. No extension that `crit` could name is supported.
struct jwt_header {
    std::string alg{};
    std::string kid{};
    forbidden crit{};
};
BOOST_DESCRIBE_STRUCT(jwt_header, (), (alg, kid, crit))

// The claims that are always checked. NumericDate may have a fraction (RFC 7519 §2).
struct checked_claims {
    std::optional<double> exp{};
    std::optional<double> nbf{};
    std::optional<double> iat{};
    std::optional<std::string> iss{};
};
BOOST_DESCRIBE_STRUCT(checked_claims, (), (exp, nbf, iat, iss))

// jwt_claims as received in tokens, whose times may have a fraction.
struct received_claims {
    std::string sub{};
    std::vector<std::string> roles{};
    std::optional<std::string> iss{};
    std::optional<std::string> jti{};
    std::optional<double> iat{};
    std::optional<double> nbf{};
    std::optional<double> exp{};
};
BOOST_DESCRIBE_STRUCT(received_claims, (), (sub, roles, iss, jti, iat, nbf, exp))

// RFC 7519 §4.1.3: one string or a list of them.
struct one_audience {
    std::optional<std::string> aud{};
};
BOOST_DESCRIBE_STRUCT(one_audience, (), (aud))

struct many_audiences {
    std::vector<std::string> aud{};
};
BOOST_DESCRIBE_STRUCT(many_audiences, (), (aud))

} // namespace

template<>
struct reflect::text_format<forbidden> {
    static constexpr std::string_view expected = "nothing";
    static std::optional<forbidden> parse(std::string_view) noexcept { return {}; }
    static void append(std::string&, forbidden) noexcept {}
};

template<>
inline constexpr auto schema<jwt_header> =
    object().field(&jwt_header::kid, not_required).field(&jwt_header::crit, not_required);

template<>
inline constexpr auto schema<received_claims> =
    object().field(&received_claims::sub, not_required).field(&received_claims::roles, not_required);

namespace {

// The three encoded parts of a token (RFC 7515 §7.1).
struct token_parts {
    std::string_view header;
    std::string_view payload;
    std::string_view signature;
    std::string_view signed_part; // header.payload
};

error broken(const char* why) { return {errc::invalid_argument, why}; }

result<token_parts> split(std::string_view token) {
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos)
        return broken("a token must have three parts separated by dots");
    return token_parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                       token.substr(0, second)};
}

std::string encode_header(const jwt_key& key) {
    std::string json;
    json_writer header(json);
    header.begin_object().member("alg", name(key.algorithm())).member("typ", std::string_view("JWT"));
    if (!key.kid().empty()) header.member("kid", std::string_view(key.kid()));
    header.end_object();
    return security::base64url_encode(json);
}

result<std::vector<std::string>> audiences(std::string_view claims) {
    if (const auto one = from_json<one_audience>(claims))
        return one->aud ? std::vector<std::string>{*one->aud} : std::vector<std::string>{};
    const auto many = from_json<many_audiences>(claims);
    if (!many) return many.error();
    return many->aud;
}

double seconds(wall_time at) { return std::chrono::duration<double>(at.time_since_epoch()).count(); }

// Clamps times that the integer can't hold.
std::optional<std::int64_t> whole_seconds(std::optional<double> time) {
    constexpr double most = 9e18;
    if (!time) return {};
    return static_cast<std::int64_t>(std::floor(std::clamp(*time, -most, most)));
}

// Inserts a member before the others.
template<class Value>
void add_member(std::string& object, std::string_view name, const Value& value) {
    std::string longer;
    json_writer(longer).begin_object().member(name, value);
    const std::string_view others = std::string_view(object).substr(object.find('{') + 1);
    if (others.find_first_not_of(" \t\r\n") != others.rfind('}')) longer += ',';
    object = longer.append(others);
}

error unsignable(error cause) {
    return error(errc::internal, "these claims can't be signed").caused_by(std::move(cause));
}

} // namespace

struct jwt_keys::state {
    struct named_key {
        jwt_key key;
        std::string header; // as sign() writes it, so that own tokens are recognised without parsing JSON
    };

    state(std::vector<jwt_key> all, jwt_options given) : options(std::move(given)) {
        for (auto& key : all) {
            if (find(name(key.algorithm()), key.kid()) != nullptr)
                throw error_exception(
                    error(errc::invalid_argument, "two JWT keys of one algorithm have the kid '" + key.kid() + "'"));
            std::string header = encode_header(key);
            keys.push_back({std::move(key), std::move(header)});
        }
    }

    const jwt_key* find(std::string_view algorithm, std::string_view kid) const noexcept {
        for (const auto& one : keys)
            if (one.key.kid() == kid && name(one.key.algorithm()) == algorithm) return &one.key;
        return nullptr;
    }

    const jwt_key* only(std::string_view algorithm) const noexcept {
        const jwt_key* found = nullptr;
        for (const auto& one : keys) {
            if (name(one.key.algorithm()) != algorithm) continue;
            if (found != nullptr) return nullptr;
            found = &one.key;
        }
        return found;
    }

    result<const jwt_key*> select(std::string_view encoded_header) const {
        for (const auto& one : keys)
            if (one.header == encoded_header) return &one.key;
        const auto json = security::base64url_decode(encoded_header);
        if (!json) return json.error();
        const auto header = from_json<jwt_header>(*json);
        if (!header) return header.error();
        const jwt_key* key = find(header->alg, header->kid);
        if (key == nullptr && header->kid.empty()) key = only(header->alg);
        if (key == nullptr) return broken("no key matches the token's alg and kid");
        return key;
    }

    result<std::string> open(const token_parts& parts) const {
        const auto key = select(parts.header);
        if (!key) return key.error();
        const auto signature = security::base64url_decode(parts.signature);
        if (!signature) return signature.error();
        if (!(*key)->verify(parts.signed_part, *signature)) return broken("the signature is wrong");
        return security::base64url_decode(parts.payload);
    }

    error check_times(const checked_claims& claims) const {
        const double now = seconds(options.clock->wall_now());
        const double leeway = static_cast<double>(options.leeway.count());
        if (!claims.exp) return broken("exp is missing");
        if (now >= *claims.exp + leeway) return error(errc::deadline_exceeded, "exp has passed");
        if (claims.nbf && now + leeway < *claims.nbf) return broken("nbf is in the future");
        if (claims.iat && now + leeway < *claims.iat) return broken("iat is in the future");
        return {};
    }

    error check(std::string_view payload) const {
        const auto claims = from_json<checked_claims>(payload);
        if (!claims) return claims.error();
        if (error wrong = check_times(*claims)) return wrong;
        if (!options.issuer.empty() && claims->iss != options.issuer) return broken("iss doesn't match");
        if (options.audience.empty()) return {};
        const auto named = audiences(payload);
        if (!named) return named.error();
        const bool meant = std::find(named->begin(), named->end(), options.audience) != named->end();
        return meant ? error() : broken("aud doesn't match");
    }

    result<std::string> complete(std::string claims) const {
        const auto given = from_json<checked_claims>(claims);
        if (!given) return unsignable(given.error());
        const auto named = audiences(claims);
        if (!named) return unsignable(named.error());
        const auto now = std::chrono::floor<std::chrono::seconds>(options.clock->wall_now()).time_since_epoch();
        if (!given->iat) add_member(claims, "iat", now.count());
        if (!given->exp) add_member(claims, "exp", (now + options.lifetime).count());
        if (!given->iss && !options.issuer.empty()) add_member(claims, "iss", std::string_view(options.issuer));
        if (named->empty() && !options.audience.empty()) add_member(claims, "aud", std::string_view(options.audience));
        // A claim that was null is now a duplicate.
        if (const auto sound = from_json<checked_claims>(claims); !sound) return unsignable(sound.error());
        return claims;
    }

    jwt_options options;
    std::vector<named_key> keys;
};

namespace {

std::vector<jwt_key> in_front(jwt_key first, std::vector<jwt_key> others) {
    others.insert(others.begin(), std::move(first));
    return others;
}

} // namespace

jwt_keys::jwt_keys(jwt_key key, jwt_options options) : jwt_keys(std::move(key), {}, std::move(options)) {}

jwt_keys::jwt_keys(jwt_key current, std::vector<jwt_key> accepted, jwt_options options)
    : state_(std::make_shared<state>(in_front(std::move(current), std::move(accepted)), std::move(options))) {}

error jwt_keys::invalid(error cause) {
    if (cause == errc::deadline_exceeded)
        return error(errc::unauthenticated, "the token has expired")
            .with_code("token_expired")
            .caused_by(std::move(cause));
    return error(errc::unauthenticated, "the token isn't valid").with_code("invalid_token").caused_by(std::move(cause));
}

result<std::string> jwt_keys::sign_json(std::string claims) const {
    const auto& signer = state_->keys.front();
    if (!signer.key.signs()) return error(errc::internal, "the first JWT key is a public one and can't sign");
    const auto complete = state_->complete(std::move(claims));
    if (!complete) return complete.error();
    std::string token = signer.header + '.' + security::base64url_encode(*complete);
    const std::string signature = signer.key.sign(token);
    token.append(1, '.').append(security::base64url_encode(signature));
    if (token.size() > max_size) return error(errc::too_large, "JWT larger than 8 KiB");
    return token;
}

template<>
result<jwt_claims> jwt_keys::verify<jwt_claims>(std::string_view token) const {
    auto got = read<received_claims>(token);
    if (!got) return got.error();
    return jwt_claims{std::move(got->sub),     std::move(got->roles),   std::move(got->iss),    std::move(got->jti),
                      whole_seconds(got->iat), whole_seconds(got->nbf), whole_seconds(got->exp)};
}

result<std::string> jwt_keys::verify_json(std::string_view token) const {
    if (token.empty()) return error(errc::unauthenticated);
    if (token.size() > max_size) return invalid(broken("more than 8 KiB"));
    const auto parts = split(token);
    if (!parts) return invalid(parts.error());
    auto payload = state_->open(*parts);
    if (!payload) return invalid(payload.error());
    if (error wrong = state_->check(*payload)) return invalid(std::move(wrong));
    return payload;
}

} // namespace weir
