// SPDX-License-Identifier: MIT
#include "orm/sql/marks.hpp"

#include <algorithm>

namespace weir::orm {

std::string resolved(std::string_view marked, bool with_tables) {
    std::string made;
    made.reserve(marked.size());
    for (bool in_mark = false; !marked.empty(); in_mark = !in_mark) {
        const std::size_t end = std::min(marked.find(table_mark), marked.size());
        if (with_tables || !in_mark) made += marked.substr(0, end);
        marked.remove_prefix(std::min(end + 1, marked.size()));
    }
    return made;
}

} // namespace weir::orm
