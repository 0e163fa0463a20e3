// SPDX-License-Identifier: MIT
#include "http/client/dialer.hpp"

#include "http/client/timer.hpp"

#include <utility>

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

error too_slow(std::string_view what, const client_url& url, std::string_view timeout) {
    return {errc::unavailable,
            std::string(what) + " " + url.authority() + " took longer than the " + std::string(timeout) + " timeout"};
}

} // namespace

client_dialer::client_dialer(loop& home, const client_options& options, client_lookup::resolver names)
    : home_(home), lookup_(home, options.lookup_ttl, std::move(names)), lookup_timeout_(options.lookup_timeout),
      connect_timeout_(options.connect_timeout), tls_timeout_(options.tls_timeout),
      verify_(!options.dangerously_accept_any_certificate), tls_(tls_client_context(trust_of(options))) {}

task<result<client_dialer::connection>> client_dialer::dial(const client_url& url, client_interrupt& stop) {
    auto found = co_await look_up(url, stop);
    if (!found) co_return found.error();
    auto made = co_await open(url, *found, stop);
    if (!made) lookup_.forget(url.host); // the host may have moved
    co_return made;
}

task<result<client_lookup::addresses>> client_dialer::look_up(const client_url& url, client_interrupt& stop) {
    client_interrupt limit;
    client_timer timer(home_, [&limit] { limit.raise(errc::unavailable); });
    timer.expect_within(lookup_timeout_);
    const cut_scope cut(stop, [&limit, &stop] { limit.raise(stop.reason()); });
    auto found = co_await lookup_.find(url.host, limit);
    if (stop.reason()) co_return stop.reason();
    if (limit.reason()) co_return too_slow("looking up", url, "lookup");
    co_return found;
}

task<result<client_dialer::connection>> client_dialer::open(
    const client_url& url, const client_lookup::addresses& all, client_interrupt& stop) {
    const time_point until = later(home_.clock().now(), connect_timeout_);
    client_race race(home_, by_turns(all, url.port));
    error last(errc::unavailable, "the name " + url.host + " has no address");
    while (race.more()) {
        auto made = co_await connect(url, race, until, stop);
        if (!made || !url.tls) co_return made;
        auto secured = co_await secure(**made, url, stop);
        if (secured) co_return made;
        if (stop.reason()) co_return stop.reason();
        last = secured.error();
    }
    co_return last;
}

task<result<client_dialer::connection>> client_dialer::connect(
    const client_url& url, client_race& race, time_point until, client_interrupt& stop) {
    client_interrupt limit;
    client_timer timer(home_, [&limit] { limit.raise(errc::unavailable); });
    timer.ring_at(until);
    const cut_scope cut(stop, [&limit, &stop] { limit.raise(stop.reason()); });
    boost::system::error_code failed;
    auto made = co_await race.run(limit, failed);
    if (made) co_return made;
    if (stop.reason()) co_return stop.reason();
    if (timer.expired()) co_return too_slow("connecting to", url, "connect");
    co_return error(errc::unavailable, "connecting to " + url.authority() + " failed: " + failed.message());
}

task<result<void>> client_dialer::secure(client_connection& made, const client_url& url, client_interrupt& stop) {
    client_timer timer(home_, [&made] { made.close(); });
    timer.expect_within(tls_timeout_);
    const cut_scope cut(stop, [&made] { made.close(); });
    auto secured = co_await made.handshake(tls_, url, verify_);
    if (timer.expired()) co_return too_slow("TLS with", url, "TLS");
    co_return secured;
}

} // namespace weir::http
