// SPDX-License-Identifier: MIT
// However a chunked body is split, it decodes to the same bytes or is refused for the same reason.
#include "fuzz/require.hpp"
#include "http/wire/body_decoder.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace weir::http::detail;

namespace {

constexpr chunk_limits limits{.body = 4096, .overhead = 300};

struct decoded {
    chunk_verdict last;
    std::size_t consumed = 0;
    std::string body;
};

/// Decodes in pieces of 1 to `most` bytes, each in a separate block; 0 for all at once.
decoded decode(std::string_view bytes, std::size_t most) {
    chunked_decoder decoder(limits);
    decoded out;
    for (std::size_t turn = 0; !bytes.empty() && out.last.status == chunk_status::more; ++turn) {
        const auto part = bytes.substr(0, most == 0 ? bytes.size() : 1 + turn % most);
        std::vector<char> block(part.begin(), part.end());
        out.last = decoder.feed(block);
        require(out.last.produced <= out.last.consumed && out.last.consumed <= part.size());
        require(out.last.status != chunk_status::more || out.last.consumed == part.size());
        out.body.append(block.data(), out.last.produced);
        out.consumed += out.last.consumed;
        bytes.remove_prefix(part.size());
    }
    require(out.body.size() <= limits.body && decoder.produced() == out.body.size());
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = decode(bytes, 0);
    for (const std::size_t most : {1U, 2U, 7U, 40U}) {
        const auto parts = decode(bytes, most);
        require(parts.last.status == whole.last.status && parts.last.http_status == whole.last.http_status);
        require(std::string_view(parts.last.reason) == whole.last.reason);
        require(parts.consumed == whole.consumed && parts.body == whole.body);
    }
    if (whole.last.status == chunk_status::done) require(bytes.substr(0, whole.consumed).ends_with("\r\n\r\n"));
    return 0;
}
