// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A surface, a client's behaviour at it, and the server's state meanwhile.
namespace hostile {

enum class surface : std::uint8_t { plain, coroutine, file, upload, download, events, websocket, missing };
inline constexpr std::array<std::string_view, 8> surface_names{
    "plain handler",     "coroutine handler", "static file", "streamed body in",
    "streamed body out", "event stream",      "WebSocket",   "404"};

enum class behaviour : std::uint8_t {
    close,           // before it reads
    reset,           // before it reads
    reset_in_answer, // once it has read part of it
    half_close,      // and reads the rest
    stop_reading,
    read_slowly,
    pipelined, // then it disappears
};
inline constexpr std::array<std::string_view, 7> behaviour_names{
    "close before reading",     "RST before reading", "RST in the middle of the answer", "half-close", "stop reading",
    "read a byte now and then", "pipelined then gone"};

enum class moment : std::uint8_t { serving, draining, full, cut };
inline constexpr std::array<std::string_view, 4> moment_names{"serving", "draining", "server full", "stopped at once"};

struct combination {
    surface what{};
    behaviour how{};
    moment when{};
    bool secure = false;
};

inline std::string name_of(const combination& one) {
    std::string name(surface_names[static_cast<std::size_t>(one.what)]);
    name.append(", ").append(behaviour_names[static_cast<std::size_t>(one.how)]);
    name.append(", ").append(moment_names[static_cast<std::size_t>(one.when)]);
    return name.append(one.secure ? ", over TLS" : ", in clear");
}

/// Whether it wants a response, of which it reads at most a part.
constexpr bool reads(behaviour how) {
    return how == behaviour::reset_in_answer || how == behaviour::stop_reading || how == behaviour::read_slowly;
}
/// Whether the server must end it.
constexpr bool takes_too_long(behaviour how) { return how == behaviour::stop_reading || how == behaviour::read_slowly; }

constexpr combination combined(std::size_t what, std::size_t how, std::size_t when, bool secure) {
    return {static_cast<surface>(what), static_cast<behaviour>(how), static_cast<moment>(when), secure};
}

inline std::vector<combination> all_combinations() {
    std::vector<combination> all;
    for (std::size_t what = 0; what < surface_names.size(); ++what)
        for (std::size_t how = 0; how < behaviour_names.size(); ++how)
            for (std::size_t when = 0; when < moment_names.size(); ++when)
                for (const bool secure : {false, true}) all.push_back(combined(what, how, when, secure));
    return all;
}

/// The fewest combinations that have each surface with each behaviour; alternating values cover each other pair of two
/// dimensions as well.
inline std::vector<combination> pairs() {
    std::vector<combination> all;
    for (std::size_t what = 0; what < surface_names.size(); ++what)
        for (std::size_t how = 0; how < behaviour_names.size(); ++how) {
            const std::size_t turn = what + how;
            all.push_back(combined(what, how, turn % moment_names.size(), turn / moment_names.size() % 2 == 1));
        }
    return all;
}

} // namespace hostile
