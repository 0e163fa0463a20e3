// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/core/wall_now.hpp>

namespace weir {

task<wall_time> wall_now() {
    const executor here = co_await this_task;
    co_return here.context().loop().clock().wall_now();
}

} // namespace weir
