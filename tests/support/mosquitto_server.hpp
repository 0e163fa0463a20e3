// SPDX-License-Identifier: MIT
#pragma once

#include "support/database_server.hpp"

#include <string>
#include <vector>

namespace test_support {

/// An MQTT broker, mosquitto, which keeps sessions and messages over a restart.
class mosquitto_server final : public database_server {
public:
    /// `settings` are further lines of its configuration, such as `allow_anonymous false`.
    explicit mosquitto_server(const std::vector<std::string>& settings = {});
    ~mosquitto_server() override { stop(); }

    /// `mqtt://127.0.0.1:54321`
    std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port()); }
    /// Ends it by a signal, after which it has saved everything; `start` starts it again.
    void shut_down() { stop(); }
    /// The path of a file for it.
    std::string put(const std::string& name, const std::string& text) const { return files().put(name, text); }

protected:
    std::vector<std::string> command() const override;
    std::string ready_line() const override;
    int stop_signal() const override;
};

} // namespace test_support
