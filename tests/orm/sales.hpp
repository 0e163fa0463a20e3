// SPDX-License-Identifier: MIT
#pragma once

#include "orm/support.hpp"

#include <optional>
#include <string>
#include <vector>

namespace orm_test {

struct buyer {
    std::int64_t id{};
    std::string name{};
    std::optional<std::string> city{};
};
BOOST_DESCRIBE_STRUCT(buyer, (), (id, name, city))

struct purchase {
    std::int64_t id{};
    std::int64_t buyer_id{};
    std::int64_t cents{};
    double weight{};
    bool paid{};
    std::optional<std::string> note{};
    weir::wall_time made_at{};
};
BOOST_DESCRIBE_STRUCT(purchase, (), (id, buyer_id, cents, weight, paid, note, made_at))

inline weir::wall_time on_day(unsigned day) {
    return weir::wall_time(std::chrono::sys_days(std::chrono::year(2026) / 11 / std::chrono::day(day)));
}

// Three buyers with ids from 1; the third bought nothing.
inline std::vector<buyer> some_buyers() {
    std::vector<buyer> made;
    for (const char* name : {"Alice", "Bob", "Carol"}) {
        buyer one;
        one.name = name;
        made.push_back(one);
    }
    made[0].city = "Kunming";
    return made;
}

// Alice's of 100, 200 and 200 cents and Bob's of 1000, with ids from 1; Alice's last isn't paid.
inline std::vector<purchase> some_purchases() {
    std::vector<purchase> made;
    for (const std::int64_t cents : {100, 200, 200, 1000}) {
        purchase one;
        one.buyer_id = cents == 1000 ? 2 : 1;
        one.cents = cents;
        one.weight = 0.5 * static_cast<double>(cents);
        one.paid = made.size() != 2;
        one.made_at = on_day(static_cast<unsigned>(made.size() + 1));
        made.push_back(one);
    }
    made[0].note = "gift";
    return made;
}

struct total {
    std::int64_t buyer_id{};
    std::int64_t purchases{};
    std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(total, (), (buyer_id, purchases, cents))

struct receipt {
    std::int64_t id{};
    std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(receipt, (), (id, cents))

struct sale {
    std::int64_t purchase_id{};
    std::string buyer{};
    std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(sale, (), (purchase_id, buyer, cents))

// Of a buyer who may have bought nothing.
struct maybe_sale {
    std::string buyer{};
    std::optional<std::int64_t> cents{};
    std::optional<weir::wall_time> made_at{};
};
BOOST_DESCRIBE_STRUCT(maybe_sale, (), (buyer, cents, made_at))

} // namespace orm_test

template<>
inline constexpr auto weir::schema<orm_test::buyer> = weir::table("buyers").key(&orm_test::buyer::id);
template<>
inline constexpr auto weir::schema<orm_test::purchase> =
    weir::table("purchases").key(&orm_test::purchase::id).field(&orm_test::purchase::buyer_id, weir::index);
