// SPDX-License-Identifier: MIT
// A choice is never an encoding that the client refuses while another is available, and weights stay in range.
#include "fuzz/require.hpp"
#include "http/field/content_coding.hpp"

#include <string_view>

using namespace weir::http::detail;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view field(reinterpret_cast<const char*>(data), size);
    if (const auto weight = parse_quality(field)) require(*weight >= 0 && *weight <= 1000);
    accepted_codings accepted;
    accepted.add(field);
    const auto before = accepted.best();
    require(available(before));
    accepted.add("gzip;q=0, br;q=0");
    require(accepted.best() == content_coding::identity);
    accepted.add("gzip;q=1, identity;q=0.999, br;q=0.999");
    require(accepted.best() == content_coding::gzip && !accepted.refuses_identity());
    return 0;
}
