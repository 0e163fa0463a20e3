// SPDX-License-Identifier: MIT
// The part appended by a proxy is read correctly whatever the client wrote before it.
#include "fuzz/require.hpp"
#include "http/middleware/peer_address.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace weir::http::detail;

namespace {

void check_hops(std::string_view field) {
    std::vector<forwarded_hop> hops;
    parse_forwarded(field, hops);
    for (const auto& hop : hops)
        for (const auto part : {hop.address, hop.scheme, hop.host}) {
            require(part.find_first_of("\"\\") == std::string_view::npos);
            require(part.empty() ||
                    (part.data() >= field.data() && part.data() + part.size() <= field.data() + field.size()));
        }
}

// A client's field to which a trusted proxy has appended.
void check_last(std::string_view written_by_client, std::string_view appended) {
    std::string field(written_by_client);
    field.append(", ").append(appended);
    std::vector<forwarded_hop> hops;
    parse_forwarded(field, hops);
    require(!hops.empty());
    const auto& last = hops.back();
    require(last.address == "203.0.113.9");
    require(last.host == "shop.example");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_hops(text);
    check_last(text, "for=203.0.113.9;host=shop.example");
    check_last(text, "for=\"203.0.113.9\";host=\"shop.example\"");
    if (const auto address = parse_address(hop_address(text))) require(parse_address(address->to_string()) == address);
    return 0;
}
