// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::reflect::detail {

/// The mistakes in a document, in reading order. Full after 32, to keep responses small.
class json_mistakes {
public:
    bool none() const noexcept { return found_.empty(); }
    bool full() const noexcept { return found_.size() >= most; }

    void add(std::string path, std::string_view rule, std::string message) {
        if (!full()) found_.push_back({std::move(path), std::string(rule), std::move(message)});
    }

    /// Returns errc::invalid_argument with all mistakes, or success.
    result<void> finish() &&;

private:
    static constexpr std::size_t most = 32;
    std::vector<error_detail> found_;
};

} // namespace weir::reflect::detail
