// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

#include <algorithm>
#include <cstddef>

namespace weir::reflect::detail {

/// The memory that the elements of a document's lists and maps may still use.
class json_budget {
public:
    json_budget(std::size_t text_size, const json_options& options) noexcept
        : left_(std::max(always, text_size * options.max_expansion)) {}

    /// Takes the memory of one more element of this list or map; false if it exceeds the budget.
    bool take(const json_type& container, bool first) noexcept {
        const bool makes_room = first && container.kind == json_kind::list;
        const std::size_t bytes = container.element_size * (makes_room ? json_first_room : 1);
        if (bytes > left_) return false;
        left_ -= bytes;
        return true;
    }

private:
    static constexpr std::size_t always = 1 << 20; // small documents are harmless

    std::size_t left_;
};

} // namespace weir::reflect::detail
