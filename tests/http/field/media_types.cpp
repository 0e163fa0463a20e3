// SPDX-License-Identifier: MIT
#include <weir/http/media_types.hpp>
#include <weir/http/middleware/compress.hpp>

#include <doctest/doctest.h>

using weir::http::is_compressible;
using weir::http::media_type_of;

TEST_CASE("a type is found by the file name's extension, case-insensitively") {
    CHECK(media_type_of("index.html") == "text/html; charset=utf-8");
    CHECK(media_type_of("/srv/www/a.b/app.min.JS") == "text/javascript; charset=utf-8");
    CHECK(media_type_of("site.webmanifest") == "application/manifest+json");
    CHECK(media_type_of("7.7z") == "application/x-7z-compressed");
    CHECK(media_type_of("a.zst") == "application/zstd");
    CHECK(media_type_of("photo.JPEG") == "image/jpeg");
    CHECK(media_type_of(".hidden.css") == "text/css; charset=utf-8");
}

TEST_CASE("an unknown extension means plain bytes") {
    for (const char* path : {"", "Makefile", "a.unknown", "a.", "a.html.", ".html", "/a.html/", "dir.html/file",
                             "/.png", "a.htmlx", "a.averyverylongending", "a.ht\nml"}) {
        CAPTURE(path);
        CHECK(media_type_of(path) == "application/octet-stream");
    }
}

TEST_CASE("the text types of the table are compressed, media and archives aren't") {
    for (const char* path : {"a.html", "a.css", "a.mjs", "a.json", "a.svg", "a.wasm", "a.xml", "a.yaml", "a.ttf",
                             "a.webmanifest", "a.xhtml", "a.rtf"})
        CHECK(is_compressible(media_type_of(path)));
    for (const char* path : {"a.png", "a.woff2", "a.zip", "a.gz", "a.mp4", "a.pdf", "a"})
        CHECK(!is_compressible(media_type_of(path)));
}
