// SPDX-License-Identifier: MIT
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/cors.hpp>
#include <weir/http/router.hpp>
#include <weir/security/jwt.hpp>
#include <weir/security/permission.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

inline constexpr weir::permission read_reports = "reports:read";
inline constexpr weir::permission write_reports = "reports:write";

class report_tokens {
    weir::jwt_keys keys_;
    weir::role_table roles_{{"reader", {read_reports}}, {"editor", {read_reports, write_reports}}};

public:
    explicit report_tokens(weir::jwt_keys keys) : keys_(std::move(keys)) {}

    weir::result<std::string> issue(std::string user, std::string role) const {
        weir::jwt_claims claims;
        claims.sub = std::move(user);
        claims.roles = {std::move(role)};
        return keys_.sign(claims); // iat, exp and iss are filled in
    }

    weir::result<weir::principal> identify(const weir::request& req) const {
        const auto claims = keys_.verify(req.bearer());
        if (!claims) return claims.error(); // 401: unauthenticated, invalid_token or token_expired
        return roles_.identify(claims->sub, claims->roles);
    }
};

void add_report_api(weir::router& app, const report_tokens& tokens) {
    weir::http::cors_options pages;
    pages.origins = {"https://reports.example"};
    app.use(weir::http::cors(pages));
    app.route("/reports", [&tokens](weir::router& reports) {
        reports.use(weir::authenticate([&tokens](weir::request& req) { return tokens.identify(req); }));
        reports.use(weir::require(std::string(read_reports)));
        reports.get("/", [](weir::principal user) { return "reports for " + user.subject; });
        reports.with(weir::require(std::string(write_reports))).post("/", [] { return weir::response(204); });
    });
}

weir::jwt_keys keys_of(const std::string& secret) { // 32 bytes or more, from the configuration
    weir::jwt_options options;
    options.issuer = "reports.example";
    options.lifetime = 2h;
    return weir::jwt_keys(weir::jwt_key::hs256(secret, "2026-11").value(), options);
}

// The new key signs. Tokens of the old one stay good until they expire.
weir::jwt_keys rotated_keys(const std::string& current, const std::string& old) {
    weir::jwt_options options;
    options.issuer = "reports.example";
    options.lifetime = 2h;
    return {weir::jwt_key::hs256(current, "2026-12").value(), {weir::jwt_key::hs256(old, "2026-11").value()}, options};
}

TEST_CASE("the guide's tokens open what their role permits") {
    const std::string secret(32, 's');
    const report_tokens tokens(keys_of(secret));
    weir::router app;
    add_report_api(app, tokens);
    weir::test_client client(app);
    CHECK(client.get("/reports").status == 401);
    client.header("authorization", "Bearer " + tokens.issue("ann", "reader").value());
    CHECK(client.get("/reports").body == "reports for ann");
    CHECK(client.post("/reports", "").status == 403);
    client.header("authorization", "Bearer " + tokens.issue("bob", "editor").value());
    CHECK(client.post("/reports", "").status == 204);

    const report_tokens rotated(rotated_keys(std::string(32, 'n'), secret));
    weir::router later;
    add_report_api(later, rotated);
    weir::test_client again(later);
    again.header("authorization", "Bearer " + tokens.issue("ann", "reader").value());
    CHECK(again.get("/reports").status == 200);
    again.header("authorization", "Bearer " + rotated.issue("ann", "reader").value());
    CHECK(again.get("/reports").status == 200);
    client.header("authorization", "Bearer " + rotated.issue("ann", "editor").value());
    CHECK(client.get("/reports").body.find("invalid_token") != std::string::npos);
}

TEST_CASE("the guide's pages of other origins can't read reports") {
    const report_tokens tokens(keys_of(std::string(32, 's')));
    weir::router app;
    add_report_api(app, tokens);
    weir::test_client client(app);
    client.header("origin", "https://reports.example");
    CHECK(client.get("/reports").header("access-control-allow-origin") == "https://reports.example");
    client.header("origin", "https://evil.example");
    CHECK(client.get("/reports").header("access-control-allow-origin").empty());
}
