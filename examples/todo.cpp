// SPDX-License-Identifier: MIT
// The README's REST example: todos in an SQLite file.
#include <weir/app.hpp>
#include <weir/orm/repository.hpp>

#include <fmt/format.h>

struct new_todo {
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(new_todo, (), (text))

struct todo {
    std::int64_t id{};
    std::string text{};
    bool done{};
};
BOOST_DESCRIBE_STRUCT(todo, (), (id, text, done))

template<>
inline constexpr auto weir::schema<new_todo> =
    weir::object().field(&new_todo::text, weir::not_empty, weir::max_length(200));

template<>
inline constexpr auto weir::schema<todo> = weir::table("todos").key(&todo::id);

class todo_api {
    weir::repository<todo>& todos_;

public:
    explicit todo_api(weir::repository<todo>& todos) : todos_(todos) {}

    // GET /todos
    weir::task<weir::result<std::vector<todo>>> list() { return todos_.all(); }

    // GET /todos/{id}
    weir::task<weir::result<todo>> show(weir::path<"id", std::int64_t> id) { return todos_.find(id); }

    // POST /todos
    weir::task<weir::result<weir::created<todo>>> create(weir::body<new_todo> in) {
        todo row{.text = in->text};
        if (auto saved = co_await todos_.insert(row); !saved) co_return saved.error();
        co_return weir::created{row, fmt::format("/todos/{}", row.id)};
    }

    // DELETE /todos/{id}
    weir::task<weir::result<void>> remove(weir::path<"id", std::int64_t> id) { return todos_.erase(id); }

    void mount(weir::router& r) {
        r.get("/", &todo_api::list, *this)
            .get("/{id}", &todo_api::show, *this)
            .post("/", &todo_api::create, *this)
            .del("/{id}", &todo_api::remove, *this);
    }
};

int main() {
    weir::database db("todos.db");
    weir::repository<todo> todos(db);
    todo_api api(todos);

    weir::app app;
    app.route("/todos", api);
    app.on_start("todos", [&] { return todos.auto_migrate(); });
    app.on_stop("db", [&] { return db.close(); });
    return app.run({.port = 8080});
}
