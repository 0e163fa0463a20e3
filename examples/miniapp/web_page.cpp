// SPDX-License-Identifier: MIT
#include "web_page.hpp"

#include <fstream>
#include <sstream>

namespace miniapp {

using weir::errc;
using weir::error;
using weir::response;
using weir::result;

namespace {

result<response> file_response(const std::string& file, const char* content_type) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return error(errc::not_found, file + ": can't be read; is `web` set to the page's folder?");
    std::ostringstream content;
    content << in.rdbuf();
    response res;
    res.headers.set("content-type", content_type)
        .set("cache-control", "no-cache")
        .set("x-content-type-options", "nosniff")
        .set("content-security-policy", "default-src 'self'");
    res.body = content.str();
    return res;
}

} // namespace

result<void> serve_page(weir::router& app, const std::string& folder) {
    auto page = file_response(folder + "/index.html", "text/html; charset=utf-8");
    if (!page) return page.error();
    auto script = file_response(folder + "/app.js", "text/javascript; charset=utf-8");
    if (!script) return script.error();
    auto style = file_response(folder + "/style.css", "text/css; charset=utf-8");
    if (!style) return style.error();
    app.get("/", [res = std::move(*page)] { return res; });
    app.get("/app.js", [res = std::move(*script)] { return res; });
    app.get("/style.css", [res = std::move(*style)] { return res; });
    return weir::ok();
}

} // namespace miniapp
