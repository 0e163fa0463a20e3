// SPDX-License-Identifier: MIT
#pragma once

#include "integration/http/count_body.hpp"
#include "integration/http/echo_handler.hpp"
#include "integration/http/hostile_combinations.hpp"
#include "integration/http/request_witness.hpp"
#include "integration/http/slow_reader_fixture.hpp"
#include "support/certificate_folder.hpp"
#include "support/descriptors.hpp"
#include "support/loopback.hpp"
#include "support/socket_client.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_client.hpp"
#include "support/until_cancelled.hpp"
#include "support/websocket_frames.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/static_files.hpp>
#include <weir/http/websocket.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hostile {

using test_support::closing_get;
using test_support::keeping_get;
using test_support::slow_reader_fixture;

/// Whether the condition becomes true within 20 seconds.
template<class F>
bool eventually(F holds) {
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > late) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Of the clients for which the server waits; others may be late on a busy machine.
constexpr std::chrono::milliseconds short_write_time{50};

/// A client with or without TLS.
class peer {
public:
    virtual ~peer() = default;
    virtual void send(std::string_view bytes) = 0;
    virtual std::string until(std::string_view text) = 0;
    virtual std::string rest() = 0;
    virtual bool read_byte() = 0;
    virtual void half_close() = 0;
    virtual void reset() = 0;
};

template<class Client>
class peer_by final : public peer {
public:
    template<class... Args>
    explicit peer_by(Args&&... args) : client(std::forward<Args>(args)...) {}

    void send(std::string_view bytes) override { client.send(bytes); }
    std::string until(std::string_view text) override { return client.until(text); }
    std::string rest() override { return client.rest(); }
    bool read_byte() override { return client.read_byte(); }
    void half_close() override { client.half_close(); }
    void reset() override { client.reset(); }

    Client client;
};

/// The bytes that a client sends to a surface.
struct requests {
    std::string held;      ///< for leaving before the response, if the surface has a late one
    std::string asked;     ///< for a response larger than the kernel's buffers
    std::string pipelined; ///< many requests at once
};

inline requests requests_by(const std::string& held, const std::string& asked) {
    return {held, asked, asked + asked + held};
}

inline requests upload_requests() {
    const std::string body(64 * 1024, 'u');
    const std::string whole =
        "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    return requests_by(whole.substr(0, whole.size() - body.size() / 2), whole);
}

inline requests websocket_requests() {
    requests made{test_support::handshake("/echo"), test_support::handshake("/pour"), {}};
    made.pipelined = made.held;
    for (int i = 0; i < 50; ++i) made.pipelined += test_support::client_frame(1, std::string(1000, 'm'));
    return made;
}

inline requests requests_of(surface what) {
    const auto same = [](std::string_view target) { return requests_by(keeping_get(target), keeping_get(target)); };
    switch (what) {
    case surface::plain:
        return same("/plain");
    case surface::coroutine:
        return requests_by(keeping_get("/suspended"), keeping_get("/later"));
    case surface::file:
        return same("/files/large");
    case surface::upload:
        return upload_requests();
    case surface::download:
        return same("/stream");
    case surface::events:
        return same("/events");
    case surface::websocket:
        return websocket_requests();
    case surface::missing:
        return same("/missing");
    }
    return {};
}

/// The request, as the last one of its connection.
inline std::string as_last(std::string request) {
    constexpr std::string_view host = "Host: a\r\n";
    return request.insert(request.find(host) + host.size(), "Connection: close\r\n");
}

/// Whether a client that has closed its sending side still gets the whole response: all of it was known by then.
inline bool outlives_half_close(surface what) {
    return what == surface::plain || what == surface::file || what == surface::download || what == surface::missing;
}

/// The routes that are attacked, and what they leave behind in files and logs. Serves on one loop, so that hostile
/// clients share it with the others.
class service {
public:
    service() {
        folder_.put("large", slow_reader_fixture::whole);
        routes.use(witness.layer());
        routes.use([](weir::request&, weir::response& res) {
            if (res.status == 404) res.body = slow_reader_fixture::whole;
        });
        routes.route("/health", [](weir::router& inside) { inside.critical().get("/", [] { return "alive"; }); });
        routes.get("/ok", [] { return "ok"; });
        routes.get("/plain", [] { return slow_reader_fixture::whole; });
        routes.route("/files", weir::static_files(folder_.path()));
        add_coroutines();
        add_streams();
    }

    std::unique_ptr<weir::server> start(const weir::server_options& options) {
        auto made = std::make_unique<weir::server>(routes, options);
        made->start().value();
        return made;
    }
    weir::server_options options(const combination& of) {
        auto made = test_support::loopback();
        made.limits.drain_grace = std::chrono::milliseconds(10);
        made.limits.write_time = takes_too_long(of.how) ? short_write_time : std::chrono::seconds(20);
        made.limits.write_rate = 1024 * 1024;
        made.limits.handler_time = std::chrono::seconds(120); // a suspended handler ends with its client
        if (of.secure) made.tls = certificates_.options();
        made.log =
            weir::logger(weir::callback_sink([this](std::string_view line) { keep(line); }), {.asynchronous = false});
        return made;
    }
    std::unique_ptr<peer> dial(std::uint16_t port, bool secure, bool small) const {
        if (!secure && small) return std::make_unique<peer_by<test_support::socket_client>>(small_client(port));
        if (!secure) return std::make_unique<peer_by<test_support::socket_client>>(port);
        using client = peer_by<test_support::tls_client>;
        auto made = std::make_unique<client>(port, settings_.get(), small ? slow_reader_fixture::small_buffer : 0);
        if (const auto why = made->client.handshake(); !why.empty()) throw std::runtime_error("handshake: " + why);
        return made;
    }
    /// The error lines in the log.
    std::string errors() const {
        const std::lock_guard lock(mutex_);
        return errors_;
    }

    test_support::request_witness witness;
    weir::router routes;
    weir::loop control;
    std::atomic<bool> pacing{true};

private:
    static test_support::socket_client small_client(std::uint16_t port) {
        return test_support::socket_client::small(port);
    }
    void keep(std::string_view line) {
        const std::lock_guard lock(mutex_);
        if (line.find(R"("level":"error")") != std::string_view::npos) errors_.append(line);
    }
    void add_coroutines() {
        routes.get("/suspended", []() -> weir::task<weir::result<std::string>> {
            const auto ended = co_await test_support::until_cancelled();
            co_return ended.error();
        });
        routes.get("/later", []() -> weir::task<std::string> {
            co_await weir::sleep_for(std::chrono::milliseconds(1));
            co_return slow_reader_fixture::whole;
        });
        routes.post("/upload", [](weir::body_reader in) -> weir::task<weir::result<std::string>> {
            const auto count = co_await test_support::count_body(std::move(in));
            if (!count) co_return count.error();
            co_return slow_reader_fixture::whole;
        });
    }
    void add_streams() {
        const weir::websocket_options quick{.close_within = std::chrono::milliseconds(50)};
        routes.get("/stream", [] { return weir::stream(slow_reader_fixture::write); });
        routes.get("/quiet", [] { return weir::event_stream(say_and_wait); });
        routes.get("/events", [] { return weir::event_stream(slow_reader_fixture::tell); });
        routes.get("/echo", [quick](weir::websocket_upgrade upgrade) {
            return upgrade.accept(test_support::echo, quick);
        });
        routes.get("/pour", [quick](weir::websocket_upgrade upgrade) { return upgrade.accept(pour, quick); });
        routes.get("/pace", [this] { return weir::stream([this](weir::body_writer& out) { return pace(out); }); });
    }
    static weir::task<weir::result<void>> say_and_wait(weir::event_writer& out) {
        const auto sent = co_await out.send("here");
        if (!sent) co_return sent.error();
        co_return co_await test_support::until_cancelled();
    }
    static weir::task<void> pour(weir::websocket& to) {
        auto sent = weir::ok();
        while (sent) sent = co_await to.send(slow_reader_fixture::whole);
    }
    weir::task<weir::result<void>> pace(weir::body_writer& out) {
        while (pacing) {
            const auto sent = co_await out.write(".");
            if (!sent) co_return sent.error();
            const auto slept = co_await weir::sleep_for(std::chrono::milliseconds(1));
            if (!slept) co_return slept.error();
        }
        co_return weir::ok();
    }

    test_support::temporary_folder folder_;
    test_support::certificate_folder certificates_;
    test_support::tls_detail::tls_settings settings_ = test_support::client_settings(certificates_.path("ca.pem"));
    mutable std::mutex mutex_;
    std::string errors_;
};

/// One combination, from the server's start to its end.
class attack {
public:
    attack(service& on, const combination& of) : on_(on), of_(of) {}

    void run() {
        const std::size_t before = test_support::open_descriptors();
        auto options = on_.options(of_);
        if (of_.when == moment::full) options.connections = crowd + (paced() ? 1 : 0);
        running_ = on_.start(options);
        CHECK(served());
        CHECK(gone(0));
        const std::size_t serving = test_support::open_descriptors();
        open();
        if (of_.when == moment::draining)
            drain();
        else if (of_.when == moment::cut)
            cut();
        else
            serve_on(serving);
        running_.reset();
        CHECK(on_.witness.all_ended());
        CHECK(on_.errors() == "");
        CHECK(eventually([&] { return test_support::open_descriptors() == before; }));
    }

private:
    static constexpr std::size_t crowd = 2;

    bool paced() const { return of_.how == behaviour::read_slowly; }

    // Returns once the hostile clients have sent their bytes, and the server has received them.
    void open() {
        opened_ = std::chrono::steady_clock::now();
        if (paced()) start_pace();
        const auto begun = on_.witness.begun.noted();
        const bool small = of_.how == behaviour::reset_in_answer || takes_too_long(of_.how);
        for (std::size_t i = 0; i < crowd; ++i) {
            crowd_.push_back(on_.dial(running_->port(), of_.secure, small));
            crowd_.back()->send(words_of(i));
        }
        REQUIRE(on_.witness.begun.await(begun + crowd));
        if (of_.how != behaviour::reset_in_answer) return;
        for (auto& one : crowd_) {
            one->until("\r\n\r\n");
            REQUIRE(one->read_byte());
        }
    }

    // Every second one sends nothing more than this.
    std::string words_of(std::size_t member) const {
        const auto said = requests_of(of_.what);
        if (of_.how == behaviour::pipelined) return said.pipelined;
        const auto& one = reads(of_.how) ? said.asked : said.held;
        return member % 2 == 0 || of_.what == surface::websocket ? one : as_last(one);
    }

    // On a busy machine they may have been too slow before the test checks.
    bool may_be_cut() const {
        return takes_too_long(of_.how) && std::chrono::steady_clock::now() - opened_ > short_write_time;
    }

    // While the hostile clients are there, and when they are gone.
    void serve_on(std::size_t descriptors) {
        const bool full = of_.when == moment::full;
        CHECK(ask("/health").starts_with("HTTP/1.1 200 "));
        const std::string others = ask("/ok");
        CHECK((others.starts_with(full ? "HTTP/1.1 503 " : "HTTP/1.1 200 ") || may_be_cut()));
        act();
        end_pace();
        CHECK(gone(0));
        CHECK(eventually([&] { return test_support::open_descriptors() == descriptors; }));
        CHECK(served());
        CHECK(stop());
        CHECK(running_->stats().aborted == 0);
    }

    void drain() {
        auto listener = on_.dial(running_->port(), of_.secure, false);
        listener->send(closing_get("/quiet"));
        listener->until("here");
        auto stopped = std::async(std::launch::async, [this] { return stop(); });
        CHECK(listener->rest().ends_with("\r\n0\r\n\r\n")); // the drain has reached every connection
        listener.reset();
        act();
        end_pace();
        CHECK(stopped.get());
        CHECK(running_->stats().aborted == 0);
        start_again();
    }
    // The stop has no time, so the server aborts the hostile clients, which may notice it.
    void cut() {
        auto stopped = std::async(std::launch::async, [this] { return stop(std::chrono::seconds(0)); });
        try {
            act();
            end_pace();
        } catch (const std::runtime_error&) {
            on_.pacing = false;
        }
        const bool in_order = stopped.get();
        CHECK(in_order == (running_->stats().aborted == 0));
        crowd_.clear();
        pace_.reset();
        start_again();
    }
    void start_again() {
        CHECK(running_->stats().open == 0);
        running_ = on_.start(on_.options(of_));
        CHECK(served());
    }
    bool stop(weir::duration within = std::chrono::seconds(20)) {
        auto& control = on_.control;
        const auto stopped = control.block_on(running_->stop(control.clock().now() + within));
        return stopped.has_value();
    }

    void act() {
        if (of_.how == behaviour::reset || of_.how == behaviour::reset_in_answer)
            for (auto& one : crowd_) one->reset();
        if (of_.how == behaviour::half_close) half_close();
        if (of_.how == behaviour::stop_reading) CHECK(gone(0));
        if (of_.how == behaviour::read_slowly) read_slowly();
        crowd_.clear();
    }
    void half_close() {
        for (auto& one : crowd_) one->half_close();
        for (auto& one : crowd_) {
            const std::string all = one->rest();
            if (of_.when != moment::cut && outlives_half_close(of_.what))
                CHECK(all.size() > slow_reader_fixture::large);
        }
        CHECK(gone(0));
    }
    // Sends a byte for each piece that the server has sent to another client, until the server aborts the connection.
    void read_slowly() {
        const bool over = eventually([this] {
            if (running_->stats().open <= 1) return true;
            pace_->until(".");
            for (auto& one : crowd_) one->read_byte();
            return false;
        });
        CHECK(over);
    }

    void start_pace() {
        on_.pacing = true;
        pace_ = on_.dial(running_->port(), of_.secure, false);
        pace_->send(closing_get("/pace"));
        pace_->until("\r\n\r\n");
    }
    void end_pace() {
        on_.pacing = false;
        if (pace_) pace_->rest();
        pace_.reset();
    }

    bool gone(std::size_t others) const {
        return eventually([&] { return running_->stats().open == others; });
    }
    std::string ask(std::string_view target) const {
        const auto one = on_.dial(running_->port(), of_.secure, false);
        one->send(closing_get(target));
        return one->rest();
    }
    bool served() const { return ask("/ok").ends_with("ok"); }

    service& on_;
    combination of_;
    std::chrono::steady_clock::time_point opened_{};
    std::unique_ptr<weir::server> running_;
    std::vector<std::unique_ptr<peer>> crowd_;
    std::unique_ptr<peer> pace_;
};

inline void run(const std::vector<combination>& these) {
    service on;
    for (const auto& one : these) {
        const std::string combination = name_of(one);
        CAPTURE(combination);
        try {
            attack(on, one).run();
        } catch (const std::exception& thrown) {
            FAIL_CHECK(std::string(thrown.what()).substr(0, 300)); // it may quote a response
        }
    }
}

} // namespace hostile
