// SPDX-License-Identifier: MIT
#include <weir/core/blocking_pool.hpp>
#include <weir/core/loop.hpp>

#include <stdexcept>

namespace {

weir::task<weir::result<int>> ask(weir::blocking_pool& pool) {
    auto job = [] { return 42; };
    co_return co_await pool.run(job);
}

} // namespace

void use_core();

void use_core() {
    weir::loop home;
    weir::blocking_pool pool({.name = "work", .threads = 1});
    if (home.block_on(ask(pool)).value() != 42) throw std::runtime_error("core: the pool gave a wrong answer");
}
