// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/orm.hpp>

#include <stdexcept>

void use_orm();

namespace {

struct todo {
    std::int64_t id{};
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(todo, (), (id, text))

} // namespace

template<>
inline constexpr auto weir::schema<todo> = weir::table("todos").key(&todo::id);

void use_orm() {
    weir::loop home;
    weir::database db(":memory:");
    const weir::repository<todo> todos(db);
    todo milk;
    milk.text = "milk";
    home.block_on(todos.insert(milk)).value();
    if (home.block_on(todos.find(1)).value().text != "milk") throw std::runtime_error("orm: the row is another");
}
