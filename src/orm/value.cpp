// SPDX-License-Identifier: MIT
#include <weir/orm/value.hpp>

namespace weir::orm {

argument value::bound() const noexcept {
    return std::visit(
        []<class V>(const V& kept) {
            if constexpr (std::same_as<V, std::monostate>)
                return argument();
            else
                return argument{&column_type_of<V>, &kept};
        },
        kept_);
}

std::vector<argument> bound(const std::vector<value>& values) {
    std::vector<argument> in;
    in.reserve(values.size());
    for (const auto& one : values) in.push_back(one.bound());
    return in;
}

} // namespace weir::orm
