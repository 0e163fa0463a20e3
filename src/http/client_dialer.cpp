// SPDX-License-Identifier: MIT
#include "http/client_dialer.hpp"

namespace weir::http {

namespace {

tls_trust trust_of(const client_options& options) {
    tls_trust trust;
    trust.system_store = options.system_trust_store;
    trust.ca_file = options.ca_file;
    trust.ca_pem = options.ca_pem;
    trust.verify = !options.dangerously_accept_any_certificate;
    return trust;
}

error too_slow(const client_url& url, std::string_view what) {
    return {errc::unavailable, std::string(what) + " " + url.authority() + " took longer than the connect timeout"};
}

} // namespace

client_dialer::client_dialer(loop& home, const client_options& options)
    : home_(home), timeout_(options.connect_timeout), verify_(!options.dangerously_accept_any_certificate),
      tls_(tls_client_context(trust_of(options))) {}

task<result<client_dialer::connection>> client_dialer::dial(const client_url& url, client_interrupt& stop) {
    const time_point until = home_.clock().now() + timeout_;
    client_interrupt lookup;
    const auto timer = home_.call_at(until, [&lookup] { lookup.raise(errc::unavailable); });
    stop.on_raise([&lookup, &stop] { lookup.raise(stop.reason()); });
    auto found = co_await resolve(home_.io(), url, lookup);
    stop.on_raise({});
    home_.cancel_timer(timer);
    if (stop.reason()) co_return stop.reason();
    if (lookup.reason()) co_return too_slow(url, "looking up");
    if (!found) co_return found.error();
    co_return co_await try_each(url, *found, until, stop);
}

task<result<client_dialer::connection>> client_dialer::try_each(const client_url& url,
                                                                const std::vector<boost::asio::ip::tcp::endpoint>& all,
                                                                time_point until, client_interrupt& stop) {
    error last(errc::unavailable, "the name " + url.host + " has no address");
    for (std::size_t i = 0; i < all.size(); ++i) {
        const time_point now = home_.clock().now();
        const auto share = (until - now) / static_cast<duration::rep>(all.size() - i);
        auto made = std::make_unique<client_connection>(home_.io());
        auto opened = co_await open(*made, url, all[i], now + share, stop);
        if (opened) co_return std::move(made);
        if (stop.reason()) co_return stop.reason();
        last = opened.error();
    }
    co_return last;
}

task<result<void>> client_dialer::open(client_connection& made, const client_url& url,
                                       boost::asio::ip::tcp::endpoint to, time_point until, client_interrupt& stop) {
    bool late = false;
    const auto timer = home_.call_at(until, [&late, &made] {
        late = true;
        made.close();
    });
    stop.on_raise([&made] { made.close(); });
    auto opened = co_await connect(made, url, to);
    stop.on_raise({});
    home_.cancel_timer(timer);
    if (late) co_return too_slow(url, "connecting to");
    co_return opened;
}

task<result<void>> client_dialer::connect(client_connection& made, const client_url& url,
                                          boost::asio::ip::tcp::endpoint to) {
    const auto failed = co_await made.connect(to);
    if (failed) co_return error(errc::unavailable, "connecting to " + url.authority() + " failed: " + failed.message());
    if (url.tls) co_return co_await made.handshake(tls_, url, verify_);
    co_return ok();
}

} // namespace weir::http
