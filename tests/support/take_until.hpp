// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace test_support {

/// Takes what stands in `received` up to and with the text. `fill()` adds more to it, and is false at the end;
/// throws when that comes before the text.
template<class Fill>
std::string take_until(std::string_view text, std::string& received, Fill fill) {
    std::size_t at = 0;
    while ((at = received.find(text)) == std::string::npos)
        if (!fill()) throw std::runtime_error("the server ended after '" + received + "'");
    std::string all = received.substr(0, at + text.size());
    received.erase(0, all.size());
    return all;
}

} // namespace test_support
