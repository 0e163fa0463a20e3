// SPDX-License-Identifier: MIT
// expect WRONG_1: weir: JSON can't carry a member of this type
// expect WRONG_2: weir: JSON can't carry a value of this type
// expect WRONG_3: weir: std::vector<bool> has no bools to point at
// expect WRONG_4: weir: JSON has one null, so it can't tell an optional of an optional
#include <weir/reflect/json.hpp>

#include <optional>
#include <string>
#include <vector>

struct undescribed {
    int id{};
};

struct holder {
#ifdef WRONG_1
    undescribed what{};
#elif defined(WRONG_3)
    std::vector<bool> what{};
#elif defined(WRONG_4)
    std::optional<std::optional<int>> what{};
#else
    std::vector<std::optional<int>> what{};
#endif
};
BOOST_DESCRIBE_STRUCT(holder, (), (what))

weir::result<holder> read(std::string_view text) { return weir::from_json<holder>(text); }

std::string write() {
#ifdef WRONG_2
    return weir::to_json(undescribed{});
#else
    return weir::to_json(std::vector<int>{});
#endif
}
