// SPDX-License-Identifier: MIT
// A statement split at its values keeps every other character in place, and splitting it again changes nothing.
#include "orm/sql/sql_text.hpp"

#include "fuzz/require.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace weir::orm;

namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view value) {
    std::string made = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) made.append(value).append(parts[i]);
    return made;
}

// Without spaces, which may be added, and question marks, some of which are removed.
std::string kept(std::string_view text) {
    std::string made;
    std::ranges::copy_if(text, std::back_inserter(made), [](char c) { return c != ' ' && c != '?'; });
    return made;
}

void check(std::string_view sql, const sql_syntax& syntax) {
    const auto parts = split_at_values(sql, syntax);
    require(!parts.empty() && kept(joined(parts, "")) == kept(sql));
    const auto marks = std::ranges::count(joined(parts, "?"), '?');
    require(marks <= std::ranges::count(sql, '?'));
    if (sql.find("??") == std::string_view::npos) {
        require(marks == std::ranges::count(sql, '?'));
        require(split_at_values(joined(parts, "?"), syntax) == parts);
    }
    if (is_blank_sql(sql, syntax)) require(parts.size() == 1 && !has_no_lasting_effect(sql, syntax));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    for (const auto& syntax : {sqlite_syntax, postgres_syntax, mysql_syntax}) check(sql, syntax);
    return 0;
}
