// SPDX-License-Identifier: MIT
#pragma once

#include "integration/http/large_body.hpp"
#include "integration/http/worker_fixture.hpp"
#include "support/certificate_folder.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_client.hpp"
#include "support/websocket_frames.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/websocket.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace test_support {

/// A worker with responses larger than the kernel's buffers, and clients that read slowly.
struct slow_reader_fixture : worker_fixture {
    static constexpr std::size_t large = 5 * 1024 * 1024;
    static constexpr int small_buffer = 4096;

    test_support::temporary_folder folder;
    inline static const std::string whole = pattern(large);
    int asked = 0;

    slow_reader_fixture() {
        auto& app = routes;
        app.get("/plain", [this] {
            ++asked;
            return whole;
        });
        app.get("/later", [this]() -> weir::task<std::string> {
            ++asked;
            co_await weir::sleep_for(sweep);
            co_return whole;
        });
        app.get("/file", [this] {
            ++asked;
            return file();
        });
        app.get("/file/later", [this]() -> weir::task<weir::response> {
            ++asked;
            co_await weir::sleep_for(sweep);
            co_return file();
        });
        app.get("/stream", [this] {
            ++asked;
            return weir::stream(write);
        });
        app.get("/events", [this] {
            ++asked;
            return weir::event_stream(tell);
        });
        app.get("/socket", [this](weir::websocket_upgrade upgrade) {
            ++asked;
            return upgrade.accept([](weir::websocket& peer) -> weir::task<void> { co_await peer.send(whole); });
        });
    }

    weir::response file() {
        weir::response res;
        weir::http::send_file({file_of(folder.put("large", whole)), 0, large}, res);
        return res;
    }
    // Sends everything in pieces through `take`.
    template<class Send>
    static weir::task<weir::result<void>> in_pieces(Send send) {
        for (std::size_t at = 0; at < large; at += piece) {
            const auto sent = co_await send(std::string_view(whole).substr(at, piece));
            if (!sent) co_return sent.error();
        }
        co_return weir::ok();
    }
    static weir::task<weir::result<void>> write(weir::body_writer& out) {
        return in_pieces([&out](std::string_view part) { return out.write(part); });
    }
    static weir::task<weir::result<void>> tell(weir::event_writer& out) {
        return in_pieces([&out](std::string_view part) { return out.send(part); });
    }

    // Sends the request and reads only the head.
    template<class Client>
    std::string ask(Client& client, std::string_view request) {
        client.send(request);
        REQUIRE(until([this] { return asked == 1; }));
        pass(2 * sweep);
        return meanwhile([&] { return client.until("\r\n\r\n"); });
    }

private:
    static constexpr std::size_t piece = 10'000;
};

inline std::string closing_get(std::string_view target) {
    return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
}

inline std::string keeping_get(std::string_view target) {
    return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n\r\n");
}

} // namespace test_support
