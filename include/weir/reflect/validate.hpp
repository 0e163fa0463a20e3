// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/reflect/detail/path.hpp>
#include <weir/reflect/schema.hpp>

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::reflect::detail {

/// Collects the broken rules.
class violations {
public:
    bool full() const noexcept { return found_.size() >= most; }
    void add(const path_step& where, std::string_view rule, std::string message);
    result<void> finish() &&;

private:
    // Limits the response: a body of many invalid items must not become one many times its size.
    static constexpr std::size_t most = 1000;
    std::vector<error_detail> found_;
};

template<class M>
consteval bool has_parts() {
    if constexpr (rules::many<M> && requires { typename M::mapped_type; })
        return has_parts<typename M::mapped_type>();
    else if constexpr (is_optional<M> || rules::many<M>)
        return has_parts<typename M::value_type>();
    else
        return described<M>;
}

template<class T>
void check_fields(const T& object, const path_step* where, violations& broken);

template<class M>
void check_parts(const M& value, const path_step* where, violations& broken) {
    if constexpr (!has_parts<M>()) {
        return;
    } else if constexpr (is_optional<M>) {
        if (value) check_parts(*value, where, broken);
    } else if constexpr (described<M>) {
        check_fields(value, where, broken);
    } else if constexpr (requires { typename M::mapped_type; }) {
        for (const auto& [key, item] : value) {
            const path_step step(where, key);
            check_parts(item, &step, broken);
        }
    } else {
        std::size_t index = 0;
        for (const auto& item : value) {
            if (broken.full()) return;
            const path_step step(where, index++);
            check_parts(item, &step, broken);
        }
    }
}

template<class M, class... Rules>
void check_rules(const M& value, const std::tuple<Rules...>& rules, const path_step& where, violations& broken) {
    [[maybe_unused]] const auto check = [&]<class Rule>(const Rule& rule) {
        if constexpr (checks<Rule, M>)
            if (!rule.holds(value)) broken.add(where, rule.name(), rule.message());
    };
    std::apply([&](const Rules&... rule) { (check(rule), ...); }, rules);
}

template<class T>
void check_fields(const T& object, const path_step* where, violations& broken) {
    for_each_field<T>([&](auto field) {
        using value_type = typename decltype(field)::value_type;
        if constexpr (std::tuple_size_v<std::remove_cv_t<decltype(field.rules)>> != 0 || has_parts<value_type>()) {
            const path_step step(where, field.name);
            const auto& value = object.*(field.member);
            if constexpr (field.is_optional) {
                if (value) check_rules(*value, field.rules, step, broken);
            } else {
                check_rules(value, field.rules, step, broken);
            }
            check_parts(value, &step, broken);
        }
    });
}

} // namespace weir::reflect::detail

namespace weir {

/// Checks a value against its schema's rules, including those of nested described members, lists, maps and optionals
/// (an empty optional breaks no rule). errc::validation_failed lists the broken rules, up to 1,000, as details such as
/// `{"items[3].quantity", "range", "must be between 1 and 100"}`. Allocates nothing if all rules hold.
template<class T>
result<void> validate(const T& value) {
    reflect::detail::violations broken;
    reflect::detail::check_parts(value, nullptr, broken);
    return std::move(broken).finish();
}

} // namespace weir
