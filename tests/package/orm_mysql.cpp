// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/orm.hpp>

#include <stdexcept>

void use_orm_mysql();

// No server listens there: the driver reports that, which proves that it is linked.
void use_orm_mysql() {
    weir::loop home;
    weir::database db("mysql://weir@127.0.0.1:1/shop");
    const weir::error away = home.block_on(db.open()).error();
    if (away != weir::errc::unavailable) throw std::runtime_error("orm_mysql: " + away.describe());
}
