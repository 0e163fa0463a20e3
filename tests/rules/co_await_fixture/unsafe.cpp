// SPDX-License-Identifier: MIT
// Read only by co_await_rules, never compiled: g++ 12 destroys a temporary of every marked line twice.

task<int> unsafe(pool& work, std::string name, bool first) {
    co_await find({.name = name});                                     // flagged
    co_await find(query{name, 1});                                     // flagged
    auto row = user{co_await find(name)};                              // flagged
    user other{co_await find(name), 1};                                // flagged
    std::array<std::string, 2> both = {co_await find(name), name};     // flagged
    co_return created{co_await find(name), "/"};                       // flagged
    co_await work.run([name] { return name.size(); });                 // flagged
    co_await work.run([=] { return name.size(); });                    // flagged
    co_await work.run([&, name] { return name.size(); });              // flagged
    co_await work.run([n = name + "x"] { return n.size(); });          // flagged
    co_await work.run([*this]() mutable -> std::string { return x; }); // flagged
    co_await find(first ? std::string("a") : std::string("b"));        // flagged
    co_await (first ? find(name) : find(other));                       // flagged
    co_await work.run([name] { return name; }).go();                   // flagged
    co_await (ready() && work.run([name] { return name; }));           // flagged
    CHECK((co_await find(name)).value() == user{1, "a"});              // flagged
    if (auto saved = co_await rows.insert(user{.name = name}); !saved) // flagged
        co_return saved.error();
    for (auto& one : co_await all({name})) use(one); // flagged
    auto nested = [&]() -> task<int> {
        co_return co_await find({name}); // flagged
    };
    while (co_await next(first ? name : std::string("b"))) { // flagged
    }
    switch (co_await kind_of(query{name})) { // flagged
    case 1:
        break;
    }
    auto text = co_await find(name, options{.limit = 3}, // flagged
                              first);
    log("a ; \" { ", co_await find(R"x({"a": 1})x"), tag{'{'}); // flagged
}
