// SPDX-License-Identifier: MIT
// Pipelined requests, parsed by weir and by Beast: requests accepted by both are interpreted alike and end at the same
// byte; any other difference is in the table of http_differences.hpp.
#include "fuzz/http_differences.hpp"

#include <cstdio>
#include <cstdlib>

using namespace weir::http::differential;

namespace {

void print(const char* who, const reading& one) {
    const char* const verdicts[] = {"accepts", "waits", "refuses"};
    std::fprintf(stderr, "%s %s (%s): %.99s %.99s, %zu fields, body of %zu, %zu bytes in all, keep-alive %d\n", who,
                 verdicts[static_cast<std::size_t>(one.is)], one.reason.c_str(), one.method.c_str(), one.target.c_str(),
                 one.fields.size(), one.body.size(), one.consumed, one.keep_alive ? 1 : 0);
}

comparison checked(std::string_view bytes) {
    comparison both = compare(bytes);
    if (agree(both.weir, both.beast) || explanation(both) != nullptr) return both;
    print("weir", both.weir);
    print("Beast", both.beast);
    std::abort();
}

/// Requests that only weir accepts are also rewritten for Beast and compared again.
void check(std::string bytes) {
    while (!bytes.empty()) {
        const comparison both = checked(bytes);
        if (!both.weir.accepted()) return;
        if (both.beast.accepted())
            bytes.erase(0, both.weir.consumed);
        else
            bytes = without_leniency(both);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    check({reinterpret_cast<const char*>(data), size});
    return 0;
}
