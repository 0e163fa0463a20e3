// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace test_support {

/// Removes and returns the bytes of `received` up to and including the text. `fill()` appends more and returns false at
/// the end; throws if the end comes before the text.
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
