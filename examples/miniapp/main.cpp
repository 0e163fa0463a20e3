// SPDX-License-Identifier: MIT
// A WeChat mini-program backend: a small shop. serve() shows every part in the order of its construction.
#include "api.hpp"
#include "dev_login.hpp"
#include "mailer.hpp"
#include "protection.hpp"
#include "registration.hpp"
#include "settings.hpp"
#include "store.hpp"
#include "web_page.hpp"
#include <weir/app.hpp>
#include <weir/app/config.hpp>
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/measure.hpp>
#include <weir/http/middleware/recover.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/http/middleware/trusted_proxies.hpp>
#include <weir/http/server_metrics.hpp>
#include <weir/observe/collectors.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace miniapp {

namespace {

constexpr const char* usage =
    "usage: miniapp [--config FILE] [--profile dev|prod] [--SETTING VALUE] [--check]\n"
    "  FILE      miniapp.yaml by default; <name>-<profile>.yaml beside it is read on top\n"
    "  PROFILE   prod by default; dev listens on loopback only and logs in any user, by WeChat's sandbox\n"
    "  --check   prints the resulting settings as JSON, secrets as ***, and exits with 0, or with 2 for a mistake\n"
    "A setting is a flag, an environment variable or a key of the file:\n";

// The program's own arguments, and the rest, which are settings.
struct command_line {
    bool help = false;
    bool check = false;
    std::vector<const char*> rest{};
};

command_line read(int argc, char** argv) {
    command_line asked;
    for (int i = 0; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--help" || word == "-h")
            asked.help = true;
        else if (word == "--check")
            asked.check = true;
        else
            asked.rest.push_back(argv[i]);
    }
    return asked;
}

weir::config_options sources(const command_line& asked) {
    weir::config_options options;
    options.file = "miniapp.yaml";
    options.profile = "prod";
    options.env_prefix = "MINIAPP_";
    options.args = {static_cast<int>(asked.rest.size()), asked.rest.data()};
    return options;
}

weir::error not_accepted(const std::string& setting, const std::string& accepted) {
    return {weir::errc::invalid_argument, setting + ": accepted " + accepted};
}

bool is_loopback(const std::string& address) {
    boost::system::error_code no_address;
    return boost::asio::ip::make_address(address, no_address).is_loopback();
}

// Production accepts WeChat over https only, so that no sandbox can take its place. The dev profile lets any client log
// in as any user, so it listens on loopback only. The profile alone decides between them; no setting does.
weir::result<void> check(const settings& chosen, bool is_dev) {
    if (is_dev && !is_loopback(chosen.address))
        return not_accepted("address = " + chosen.address, "in the dev profile: a loopback address such as 127.0.0.1");
    if (chosen.overload.min > chosen.overload.max)
        return not_accepted("overload.min = " + std::to_string(chosen.overload.min),
                            "up to overload.max = " + std::to_string(chosen.overload.max));
    if (!is_dev && !chosen.wechat.base_url.starts_with("https://"))
        return not_accepted("wechat.base_url = " + chosen.wechat.base_url, "in production: an https:// address");
    return check_mail(chosen.mail);
}

weir::run_options run_options_of(const settings& chosen) {
    weir::run_options options;
    options.address = chosen.address;
    options.port = chosen.port;
    options.loops = chosen.loops;
    return options;
}

weir::orm::database_options database_of(const settings& chosen) {
    weir::orm::database_options options;
    options.url = (std::filesystem::path(chosen.data) / "miniapp.db").string();
    options.readers = static_cast<std::size_t>(chosen.db.readers);
    return options;
}

weir::result<void> make_folder(const std::string& path) {
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (failed) return weir::error(weir::errc::invalid_argument, "data = " + path + ": " + failed.message());
    return weir::ok();
}

int serve(const settings& chosen, bool is_dev) {
    weir::logger_options log_options;
    log_options.level = chosen.log_level;
    const weir::logger log(weir::stderr_sink(), log_options);
    weir::metrics metrics;
    weir::observe_process(metrics);

    weir::database db(database_of(chosen));
    store rows(db);
    const auto events = queue_of(chosen.queue);
    if (!events) return weir::fail(events.error());
    const auto mails = mailer_of(chosen.mail, log);
    registration newcomers(rows, **events, *mails, chosen.queue, log);
    const identity who(rows, chosen.auth);
    wechat_login wechat(chosen.wechat, log);
    protection protect(chosen.limits, chosen.overload, log);
    dev_login dev(rows, newcomers, chosen.wechat);

    auth_api auth(rows, newcomers, who, wechat);
    user_api users(rows, newcomers);
    product_api products(rows);
    order_api orders(rows);
    auth.measure(metrics);
    wechat.measure(metrics);
    protect.measure(metrics);
    newcomers.measure(metrics);

    weir::app app(log);
    app.use(weir::request_id())
        .use(weir::trusted_proxies({.proxies = chosen.trusted_proxies}))
        .use(weir::access_log(log))
        .use(weir::measure(metrics))
        .use(weir::recover(log));
    app.serve_health();
    app.get("/metrics", [&metrics] {
        weir::response res;
        res.headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8");
        metrics.write(res.body);
        return res;
    });
    app.route("/api/v1", [&](weir::router& api) {
        api.use(protect.per_address());
        weir::router logins = api.with(protect.shed_logins());
        weir::router open = api.with(protect.shed());
        weir::router mine = open.with(who.login_required()).with(protect.per_user());
        auth.mount(logins);
        products.mount(open);
        users.mount(mine);
        orders.mount(mine);
    });
    if (is_dev) app.route("/dev", dev);
    if (auto page = serve_page(app, chosen.web); !page) return weir::fail(page.error());

    app.check("db", [&db] { return db.ping(); });
    weir::observe_server(metrics, [&app] { return app.stats(); });
    app.on_start("db", [&rows, seed = chosen.seed] { return rows.prepare(seed); });
    app.on_stop("db", [&db] { return db.close(); });
    app.on_start("events", [&newcomers] { return newcomers.start(); });
    app.on_stop("events", [&newcomers] { return newcomers.stop(); });
    app.every("forget handled events", std::chrono::hours(1), [&newcomers] { return newcomers.forget_old(); });

    log.info("configured", weir::field("environment", is_dev ? "dev" : "prod"),
             weir::field("wechat", chosen.wechat.base_url), weir::field("settings", weir::dump(chosen)));
    if (is_dev) log.warn("dev profile: WeChat is a sandbox, and any client may log in as any user");
    return app.run(run_options_of(chosen));
}

} // namespace

} // namespace miniapp

int main(int argc, char** argv) {
    const auto asked = miniapp::read(argc, argv);
    const auto sources = miniapp::sources(asked);
    if (asked.help)
        return std::fputs((miniapp::usage + weir::config_help<miniapp::settings>(sources)).c_str(), stdout) < 0;
    const bool is_dev = weir::config_profile(sources) == "dev";
    const auto chosen = weir::load_config<miniapp::settings>(sources);
    if (!chosen) return weir::fail(chosen.error());
    if (auto fits = miniapp::check(*chosen, is_dev); !fits) return weir::fail(fits.error());
    if (asked.check) return std::puts(weir::dump(*chosen).c_str()) < 0;
    if (auto made = miniapp::make_folder(chosen->data); !made) return weir::fail(made.error());
    return miniapp::serve(*chosen, is_dev);
}
