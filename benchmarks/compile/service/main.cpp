// SPDX-License-Identifier: MIT
#include "shop_api.hpp"
#include <weir/app.hpp>
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/recover.hpp>
#include <weir/http/middleware/request_id.hpp>

int main() {
    weir::database db("shop.db");
    weir::repository<shop::product> products(db);
    weir::repository<shop::sale> sales(db);
    shop::shop_api api(db, products, sales);

    weir::app app;
    app.use(weir::request_id()).use(weir::access_log(app.log())).use(weir::recover(app.log()));
    app.serve_health();
    app.route("/api", api);
    app.check("db", [&] { return db.open(); });
    app.on_start("tables", [&] { return weir::auto_migrate<shop::product, shop::sale>(db); });
    app.on_stop("db", [&] { return db.close(); });
    return app.run({.port = 8080});
}
