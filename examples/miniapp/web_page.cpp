// SPDX-License-Identifier: MIT
#include "web_page.hpp"

#include <weir/http/static_files.hpp>

#include <filesystem>

namespace miniapp {

using weir::errc;
using weir::error;
using weir::request;
using weir::response;
using weir::result;

namespace {

// Lets the page load files from its own origin only, and no other page frame it to steal clicks.
void restrict_page(request&, response& res) {
    res.headers.set("content-security-policy", "default-src 'self'; frame-ancestors 'none'");
}

} // namespace

result<void> serve_page(weir::router& app, const std::string& folder) {
    for (const char* name : {"index.html", "app.js", "style.css"}) {
        const std::string path = folder + "/" + name;
        std::error_code failed;
        if (!std::filesystem::is_regular_file(path, failed))
            return error(errc::not_found, path + ": no such file; is `web` set to the page's folder?");
    }
    const weir::static_files files(folder);
    const auto file = [&files](const char* name) {
        return [files, name](request& req) { return files.answer(req, name); };
    };
    app.with(restrict_page)
        .get("/", file("index.html"))
        .get("/app.js", file("app.js"))
        .get("/style.css", file("style.css"));
    return weir::ok();
}

} // namespace miniapp
