// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weir::config {

/// Where a value was written: a line of a file, a variable, a flag, or nowhere (a default).
struct origin {
    int layer = 0; ///< higher layers override lower ones
    int line = 0;
    std::string where{}; ///< `miniapp.yaml:7`, `MINIAPP_PORT`, `--port`

    origin() = default;
    origin(int in_layer, int in_line, std::string written)
        : layer(in_layer), line(in_line), where(std::move(written)) {}
};

/// A mistake that prevents the start.
struct mistake {
    origin at{};
    std::string path{};
    std::string rule{};
    std::string message{};

    mistake(origin where, std::string setting, std::string broken, std::string why)
        : at(std::move(where)), path(std::move(setting)), rule(std::move(broken)), message(std::move(why)) {
        // Keeps the message on one line and free of terminal control characters.
        for (char& c : message)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
};

/// A value as written, before it has a type.
struct node {
    enum class kind : unsigned char { null, scalar, list, section };

    node::kind is = kind::null;
    std::string text{};
    std::vector<node> items{};
    std::vector<std::pair<std::string, node>> entries{};
    origin at{};
};

} // namespace weir::config
