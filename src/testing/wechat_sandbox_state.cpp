// SPDX-License-Identifier: MIT
#include <weir/core/json_writer.hpp>
#include <weir/security/crypto.hpp>
#include <weir/testing/wechat_sandbox_state.hpp>

#include <array>
#include <cstddef>

namespace weir::testing {

namespace {

constexpr std::string_view message_of(int errcode) noexcept {
    switch (errcode) {
    case -1:
        return "system error";
    case 40002:
        return "invalid grant_type";
    case 40013:
        return "invalid appid";
    case 40029:
        return "invalid code";
    case 40125:
        return "invalid appsecret";
    case 40163:
        return "code been used";
    case 40226:
        return "code blocked";
    case 41002:
        return "appid missing";
    case 41004:
        return "appsecret missing";
    case 41008:
        return "missing code";
    case 45011:
        return "api minute-quota reach limit  mustslower  retry next minute";
    default:
        return "error";
    }
}

// The platform adds a request id to each message, so that clients can't compare messages.
std::string message_with_rid(int errcode) {
    std::array<std::byte, 8> random{};
    security::random_bytes(random);
    const std::string hex = security::hex_encode({reinterpret_cast<const char*>(random.data()), random.size()});
    return std::string(message_of(errcode))
        .append(", rid: ")
        .append(hex.substr(0, 8))
        .append(1, '-')
        .append(hex.substr(8));
}

wechat_sandbox_reply failure(int errcode) {
    wechat_sandbox_reply reply;
    json_writer(reply.body)
        .begin_object()
        .member("errcode", errcode)
        .member("errmsg", message_with_rid(errcode))
        .end_object();
    return reply;
}

wechat_sandbox_reply error_page() {
    wechat_sandbox_reply reply;
    reply.status = 502;
    reply.content_type = "text/html";
    reply.body = "<html><head><title>502 Bad Gateway</title></head></html>\n";
    return reply;
}

// Like the platform's ids: "o" and 27 characters of base64url.
std::string stable_id(std::string_view scope, std::string_view user) {
    std::string seed(scope);
    seed.append(1, '\0').append(user);
    return "o" + security::base64url_encode(security::bytes_of(security::sha256(seed))).substr(0, 27);
}

std::string new_session_key() {
    std::array<std::byte, 16> random{};
    security::random_bytes(random);
    return security::base64_encode({reinterpret_cast<const char*>(random.data()), random.size()});
}

} // namespace

std::string wechat_sandbox_state::openid(std::string_view user) const { return stable_id(options_.appid, user); }

std::string wechat_sandbox_state::unionid(std::string_view user) const { return stable_id("open platform", user); }

std::string wechat_sandbox_state::login(std::string_view user) {
    std::string code = "0" + security::random_token(184); // 32 characters, like the platform's
    const std::lock_guard lock(mutex_);
    forget_expired();
    codes_.emplace(code, issued{std::string(user), options_.time->now() + options_.code_lifetime, false});
    ++counts_.logins;
    return code;
}

wechat_sandbox_reply wechat_sandbox_state::code2session(const wechat_code2session& asked) {
    const std::lock_guard lock(mutex_);
    ++counts_.calls;
    if (next_.empty()) return answer(asked);
    const injected now = next_.front();
    next_.pop_front();
    switch (now.what) {
    case injected::kind::errcode:
        return failure(now.errcode);
    case injected::kind::garbage:
        return error_page();
    case injected::kind::slow:
        break;
    }
    auto late = answer(asked);
    late.after = now.by;
    return late;
}

int wechat_sandbox_state::refusal(const wechat_code2session& asked) const {
    if (asked.appid.empty()) return 41002;
    if (asked.secret.empty()) return 41004;
    if (asked.js_code.empty()) return 41008;
    if (asked.grant_type != "authorization_code") return 40002;
    if (asked.appid != options_.appid) return 40013;
    if (asked.secret != options_.secret) return 40125;
    const auto code = codes_.find(asked.js_code);
    if (code == codes_.end() || code->second.expires <= options_.time->now()) return 40029;
    return code->second.used ? 40163 : 0;
}

wechat_sandbox_reply wechat_sandbox_state::answer(const wechat_code2session& asked) {
    if (const int errcode = refusal(asked); errcode != 0) return failure(errcode);
    auto& code = codes_.find(asked.js_code)->second;
    code.used = true;
    ++counts_.exchanged;
    wechat_sandbox_reply reply;
    reply.body = session(code.user);
    return reply;
}

std::string wechat_sandbox_state::session(const std::string& user) const {
    std::string body;
    json_writer json(body);
    json.begin_object().member("session_key", new_session_key()).member("openid", openid(user));
    if (options_.unionid) json.member("unionid", unionid(user));
    json.end_object();
    return body;
}

void wechat_sandbox_state::forget_expired() {
    const time_point now = options_.time->now();
    std::erase_if(codes_, [now](const auto& entry) { return entry.second.expires <= now; });
}

void wechat_sandbox_state::fail_next(int errcode, int times) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) next_.push_back({injected::kind::errcode, errcode, {}});
}

void wechat_sandbox_state::slow_next(duration by) {
    const std::lock_guard lock(mutex_);
    next_.push_back({injected::kind::slow, 0, by});
}

void wechat_sandbox_state::garbage_next(int times) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) next_.push_back({injected::kind::garbage, 0, {}});
}

wechat_sandbox_stats wechat_sandbox_state::stats() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

} // namespace weir::testing
