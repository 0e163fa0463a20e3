// SPDX-License-Identifier: MIT
#include "support/mosquitto_server.hpp"

#include <csignal>

namespace test_support {

// When mosquitto 2.0.11 restores more messages than max_inflight_messages (20 by default, 0 counts as none), it
// publishes the rest again, even if it has their PUBREC. A client has forgotten them after PUBREL, so QoS 2 isn't
// exactly once then.
mosquitto_server::mosquitto_server(const std::vector<std::string>& settings) : database_server("mosquitto") {
    std::string text =
        "listener " + std::to_string(port()) + " 127.0.0.1\nlog_dest stderr\nlog_type all\n" +
        "persistence true\npersistence_location " + files().path().string() +
        "/\nmax_queued_messages 0\nmax_inflight_messages 20000\n";
    bool anonymous = true;
    for (const std::string& one : settings) {
        text += one + '\n';
        anonymous = anonymous && !one.starts_with("allow_anonymous");
    }
    if (anonymous) text += "allow_anonymous true\n";
    files().put("mosquitto.conf", text);
    start();
}

std::vector<std::string> mosquitto_server::command() const {
    return {"/usr/sbin/mosquitto", "-c", files() / "mosquitto.conf"};
}

std::string mosquitto_server::ready_line() const { return " running"; }

int mosquitto_server::stop_signal() const { return SIGTERM; }

} // namespace test_support
