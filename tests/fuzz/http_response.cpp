// SPDX-License-Identifier: MIT
// However a server's response is split, the client reads the same response or refuses it for the same reason, and
// respects its limits. The first byte is the request's method: `H` for HEAD, anything else for GET.
#include "fuzz/require.hpp"
#include "http/client/response_parser.hpp"
#include "http/client/wire.hpp"
#include "http/field/field_syntax.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace weir::http;
using namespace weir::http::detail;

namespace {

constexpr client_response_parser::limits limits{.head = 2048, .body = 4096};

struct reading {
    weir::error refused{};
    bool done = false;
    bool started = false;
    bool until_close = false;
    bool keep_alive = false;
    weir::error at_end{};
    client_response response{};
};

/// Reads pieces of 1 to `most` bytes, each in a separate block; 0 for all at once. Then the server closes.
reading read(std::string_view bytes, bool to_head, std::size_t most) {
    client_response_parser parser(to_head, limits);
    reading out;
    for (std::size_t turn = 0; !bytes.empty() && !out.refused; ++turn) {
        const auto part = bytes.substr(0, most == 0 ? bytes.size() : 1 + turn % most);
        const std::vector<char> block(part.begin(), part.end());
        if (auto fed = parser.feed({block.data(), block.size()}); !fed) out.refused = fed.error();
        bytes.remove_prefix(part.size());
    }
    out.done = parser.done();
    out.started = parser.started();
    out.until_close = parser.reads_until_close();
    out.keep_alive = parser.keep_alive();
    if (!out.refused)
        if (auto ended = parser.end_of_stream(); !ended) out.at_end = ended.error();
    out.response = parser.take();
    return out;
}

bool same(const weir::error& a, const weir::error& b) {
    return static_cast<bool>(a) == static_cast<bool>(b) && (!a || (a.kind() == b.kind() && a.message() == b.message()));
}

bool same(const header_list& a, const header_list& b) { return a.lines() == b.lines(); }

void require_same(const reading& parts, const reading& whole) {
    require(same(parts.refused, whole.refused));
    if (whole.refused) return;
    require(parts.done == whole.done && parts.started == whole.started);
    require(parts.until_close == whole.until_close && parts.keep_alive == whole.keep_alive);
    require(same(parts.at_end, whole.at_end));
    require(parts.response.status == whole.response.status && parts.response.body == whole.response.body);
    require(same(parts.response.headers, whole.response.headers));
    require(same(parts.response.trailers, whole.response.trailers));
}

void require_sound(const reading& one, bool to_head) {
    if (one.refused) return require(one.refused == weir::errc::unavailable || one.refused == weir::errc::too_large);
    require(one.response.body.size() <= limits.body);
    for (const auto field : one.response.headers) require(is_token(field.name) && is_field_value(field.value));
    if (!one.done) return;
    require(one.response.status >= 200 && one.response.status <= 599);
    if (to_head || one.response.status == 204 || one.response.status == 304) require(one.response.body.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const bool to_head = data[0] == 'H';
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read(bytes, to_head, 0);
    require_sound(whole, to_head);
    for (const std::size_t most : {1U, 2U, 7U, 40U}) require_same(read(bytes, to_head, most), whole);
    return 0;
}
