// SPDX-License-Identifier: MIT
// A hostile MQTT broker: whatever it sends, in whatever pieces, the session answers the same and stays within its
// limits. The first byte is the size of the pieces.
#include "fuzz/require.hpp"
#include "mqtt/session.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace weir;
using namespace weir::mqtt::detail;

namespace {

constexpr std::size_t largest = 4096;

// What the session does with the bytes: its output, and marks of what has ended.
std::string answer(std::string_view bytes, std::size_t piece) {
    session talk(true, 4);
    packet_reader reader(largest);
    std::string out;
    std::string marks;
    talk.resume(false, out);
    for (std::uint8_t level = 1; level <= 2; ++level)
        talk.publish(std::make_unique<outgoing>(outgoing{"t", "p", level, false, [&](const error&) { marks += 'd'; }}),
                     out);
    talk.subscribe("a/#", 2, out, [&](const result<std::uint8_t>& code) { marks += code ? 's' : 'f'; });
    while (!bytes.empty()) {
        reader.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        while (true) {
            const auto one = reader.next();
            if (!one) return out + marks + 'x';
            if (!*one) break;
            require((*one)->body.size() <= largest);
            const auto got = talk.receive(**one, out);
            if (!got) return out + marks + 'y';
            if (!*got) continue;
            require(mqtt::check_topic((*got)->content.topic).has_value());
            marks += 'm';
            talk.acknowledge((*got)->id, static_cast<std::uint8_t>((*got)->content.level), (*got)->session, out);
        }
    }
    talk.close(errc::unavailable);
    require(talk.quiet());
    return out + marks;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    require(answer(bytes, 1 + data[0]) == answer(bytes, bytes.size() + 1));
    return 0;
}
