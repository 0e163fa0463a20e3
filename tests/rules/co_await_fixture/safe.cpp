// SPDX-License-Identifier: MIT
// Read only by co_await_rules, never compiled: nothing here is flagged.
#define LATER(x) co_await find({x})

namespace shop {

struct holder {
    int count{};
    std::string name{"x"};
    holder() : count{1}, name{"y"} {}
    task<int> ask() const { co_return co_await find(name); }
};

auto add = [](int a) -> std::vector<std::pair<int, int>> { return {{a, a}}; };

task<result<int>> safe(pool& work, std::string name, bool first) {
    // co_await find({.name = name});
    const char* text = "co_await find({.name = name})";
    query asked{.name = name};
    co_await find(asked);
    auto job = [name] { return name.size(); };
    co_await work.run(job);
    auto started = work.run([name] { return name.size(); });
    co_await std::move(started);
    co_await work.run([&] { return name.size(); });
    co_await work.run([this, &name, at = &first] { return at; });
    co_await [&] { return work.run([name] { return name; }); }();
    co_await work.run([&] {
        user made{1, name};
        return first ? made : user{2, name};
    });
    if (auto saved = co_await rows.insert(row); !saved) co_return saved.error();
    if (auto saved = co_await rows.insert(row); !saved) {
        user spare{1, name};
        co_return created{spare, "/"};
    } else if (co_await find(name)) {
        user spare{1, name};
    }
    for (int i = 0; i < 3; ++i) {
        co_await find(name);
    }
    for (auto& one : co_await all(name)) {
        use(user{one});
    }
    while (true) {
        if (co_await find(name)) break;
    }
    do {
        co_await find(name);
    } while (user{1}.valid());
    switch (co_await kind_of(name)) {
    case 1: {
        co_await find(name);
        break;
    }
    default:
        co_await find(name);
    }
    try {
        co_await find(name);
    } catch (const std::exception& failure) {
        throw user{1};
    }
    const int chosen = first ? co_await find(name) : co_await find(text);
    const char* said = (co_await find(name)).has_value() ? "yes" : "no";
    auto inner = [&, name]() mutable noexcept -> task<result<int>> { co_return co_await find(name); };
    spawn(home, [name]() -> task<void> { co_await find(name); });
    items[co_await find(name)] = 1;
    [[maybe_unused]] auto ignored = co_await find(name);
    co_return co_await with_deadline(now() + 5s, find(name));
}

class api {
public:
    template<class F>
        requires awaitable_call<F> task<void> run(F f) { co_await f(); }

    task<void> stop() override { co_await find(name_); }
};

} // namespace shop
