// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/session.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/router.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace test_support {

/// A connection whose peer accepts nothing until asked to; a generous peer accepts everything at once.
struct stubborn_wire final : weir::http::detail::transport {
    stubborn_wire(const weir::http::router& app, const weir::clock& time)
        : home(time), host(home, app.table(), weir::http::limits{}), machine(host, *this, "peer") {}

    bool write(std::string_view output) override {
        (generous ? eaten : waiting) += output;
        return generous;
    }
    bool send_file(std::string_view head, const weir::http::file_range&) override {
        write(head);
        return false;
    }
    std::uint64_t untaken() override { return waiting.size(); }
    void finish(bool) override { closed = true; }
    void abort() override { closed = true; }
    void resume_input() override { ++resumed; }

    void send(std::string bytes) {
        machine.receive({bytes.data(), bytes.size()});
        home.poll();
    }
    // Accepts what is waiting once; the next write waits again.
    void take_once() {
        taken += waiting.size();
        waiting.clear();
        machine.written();
        home.poll();
    }
    void stop() {
        host.draining = true;
        machine.drain();
        home.poll();
    }
    void take_all() {
        while (!waiting.empty()) take_once();
    }

    weir::loop home;
    weir::http::detail::session_host host;
    weir::http::detail::session machine;
    std::string waiting;
    std::string eaten;
    std::size_t taken = 0;
    bool generous = false;
    bool closed = false;
    int resumed = 0;
};

} // namespace test_support
