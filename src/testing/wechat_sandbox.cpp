// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/into_response.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/reflect/schema.hpp>
#include <weir/testing/wechat_sandbox.hpp>

namespace weir::testing {

struct sandbox_login {
    std::string user{};
};
BOOST_DESCRIBE_STRUCT(sandbox_login, (), (user))

struct sandbox_code {
    std::string code{};
    std::string openid{}; // the openid that the code will be exchanged for
};
BOOST_DESCRIBE_STRUCT(sandbox_code, (), (code, openid))

} // namespace weir::testing

template<>
inline constexpr auto weir::schema<weir::testing::sandbox_login> =
    weir::object().field(&weir::testing::sandbox_login::user, weir::not_empty, weir::max_length(64));

namespace weir::testing {

namespace {

task<result<http::response>> exchange(wechat_sandbox_state& state, wechat_code2session asked) {
    const auto reply = state.code2session(asked);
    if (reply.after > duration::zero()) {
        auto slept = co_await sleep_for(reply.after);
        if (!slept) co_return slept.error();
    }
    http::response out(reply.status);
    out.headers.set("content-type", reply.content_type);
    out.body = reply.body;
    co_return out;
}

} // namespace

void wechat_sandbox_routes::mount(http::router& r) {
    r.get("/sns/jscode2session", [this](http::query<wechat_code2session> asked) { return exchange(state_, *asked); });
    r.post("/sandbox/code", [this](http::body<sandbox_login> who) {
        return sandbox_code{state_.login(who->user), state_.openid(who->user)};
    });
}

struct wechat_sandbox::impl {
    explicit impl(wechat_sandbox_options options) : routes(std::move(options)) { routes.mount(paths); }

    static http::server_options one_thread_on_loopback() {
        http::server_options options;
        options.address = "127.0.0.1";
        options.port = 0;
        options.loops = 1;
        options.limits.handler_time = std::chrono::hours(24); // allows replies as slow as a test requires
        return options;
    }

    wechat_sandbox_routes routes;
    http::router paths;
    http::server server{paths, one_thread_on_loopback()};
};

wechat_sandbox::wechat_sandbox(wechat_sandbox_options options) : impl_(std::make_unique<impl>(std::move(options))) {
    impl_->server.start().value();
}

wechat_sandbox::~wechat_sandbox() = default;

std::uint16_t wechat_sandbox::port() const noexcept { return impl_->server.port(); }

std::string wechat_sandbox::base_url() const { return "http://127.0.0.1:" + std::to_string(port()); }

wechat_sandbox_state& wechat_sandbox::state() noexcept { return impl_->routes.state(); }

} // namespace weir::testing
