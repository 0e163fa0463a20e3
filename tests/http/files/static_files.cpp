// SPDX-License-Identifier: MIT
#include "support/temporary_folder.hpp"
#include <weir/http/static_files.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <stdexcept>

using namespace weir;
namespace fs = std::filesystem;

namespace {

// A folder of files to serve, and a secret next to it.
struct files_fixture {
    test_support::temporary_folder own;
    fs::path top = own.path();
    router app;

    files_fixture() {
        fs::create_directories(top / "public/sub");
        put("secret.txt", "secret");
        put("public/index.html", "<p>home");
        put("public/app.js", "0123456789");
        put("public/app.js.gz", "gzipped");
        put("public/with space.txt", "spaced");
        put("public/.env", "hidden");
        put("public/empty.txt", "");
        put("public/sub/index.html", "<p>sub");
        fs::create_symlink(top / "secret.txt", top / "public/link.txt");
        fs::create_symlink(top, top / "public/up");
    }

    void put(std::string_view path, std::string_view text) { own.put(path, text); }

    test_client serve(http::static_files_options options = {}) {
        static_files files(top / "public", std::move(options));
        app.route("/files", files);
        return test_client(app);
    }
};

} // namespace

TEST_CASE_FIXTURE(files_fixture, "a file is served with its type and its validators") {
    auto client = serve();
    const auto res = client.get("/files/app.js");
    CHECK(res.status == 200);
    CHECK(res.body == "0123456789");
    CHECK(res.header("content-type").starts_with("text/javascript"));
    CHECK(res.header("content-length") == "10");
    CHECK(res.header("accept-ranges") == "bytes");
    CHECK(res.header("x-content-type-options") == "nosniff");
    CHECK(res.header("etag").starts_with("\""));
    CHECK(res.header("last-modified").ends_with(" GMT"));
    CHECK(client.get("/files/with%20space.txt").body == "spaced");
    CHECK(client.get("/files/empty.txt").body.empty());
}

TEST_CASE_FIXTURE(files_fixture, "HEAD answers as GET without the body") {
    auto client = serve();
    const auto res = client.send(http::method::head, "/files/app.js");
    CHECK(res.status == 200);
    CHECK(res.header("content-length") == "10");
    CHECK(client.get("/files/app.js").body == "0123456789");
}

TEST_CASE_FIXTURE(files_fixture, "a folder answers with its index, at its trailing slash") {
    auto client = serve();
    CHECK(client.get("/files/").body == "<p>home");
    CHECK(client.get("/files/sub/").body == "<p>sub");
    for (const char* folder : {"/files", "/files/sub"}) {
        const auto res = client.get(std::string(folder) + "?q=1");
        CHECK(res.status == 308);
        CHECK(res.header("location") == std::string(folder) + "/?q=1");
    }
}

TEST_CASE_FIXTURE(files_fixture, "a server may consist of files only") {
    static_files files(top / "public");
    files.mount(app);
    test_client client(app);
    CHECK(client.get("/").body == "<p>home");
    CHECK(client.get("/app.js").body == "0123456789");
}

TEST_CASE_FIXTURE(files_fixture, "without an index a folder is not found") {
    auto client = serve({.index = ""});
    CHECK(client.get("/files/sub/").status == 404);
}

TEST_CASE_FIXTURE(files_fixture, "nothing outside the folder is reachable") {
    auto client = serve();
    for (const char* path :
         {"/files/../secret.txt", "/files/%2e%2e/secret.txt", "/files/sub/../../secret.txt", "/files/..%2fsecret.txt",
          "/files/sub%2f..%2f..%2fsecret.txt", "/files//secret.txt", "/files/./app.js", "/files/up/secret.txt",
          "/files/link.txt", "/files/.env", "/files/%00", "/files/app.js%00.txt"}) {
        CAPTURE(path);
        const auto res = client.get(path);
        CHECK(res.status >= 400);
        CHECK(res.status < 500);
        CHECK(res.body != "secret");
        CHECK(res.body != "hidden");
    }
}

TEST_CASE_FIXTURE(files_fixture, "/.well-known is served, but hidden files in it and elsewhere aren't") {
    fs::create_directories(top / "public/.well-known/acme-challenge");
    fs::create_directories(top / "public/sub/.well-known");
    put("public/.well-known/acme-challenge/token", "proof");
    put("public/.well-known/.env", "hidden");
    put("public/sub/.well-known/token", "hidden");
    auto client = serve();
    CHECK(client.get("/files/.well-known/acme-challenge/token").body == "proof");
    CHECK(client.get("/files/%2ewell-known/acme-challenge/token").body == "proof");
    for (const char* path : {".well-known/.env", "sub/.well-known/token", ".well-knowns", ".Well-known/.env", ".env"})
        CHECK(client.get("/files/" + std::string(path)).status == 404);
}

TEST_CASE_FIXTURE(files_fixture, "links and hidden files are served if the options say so") {
    auto client = serve({.follow_symlinks = true, .hidden_files = true});
    CHECK(client.get("/files/link.txt").body == "secret");
    CHECK(client.get("/files/.env").body == "hidden");
    CHECK(client.get("/files/..").status >= 400);
}

TEST_CASE_FIXTURE(files_fixture, "a client with the current file gets 304, one with an older file gets the file") {
    auto client = serve();
    const auto first = client.get("/files/app.js");
    client.header("if-none-match", first.header("etag"));
    const auto same = client.get("/files/app.js");
    CHECK(same.status == 304);
    CHECK(same.body.empty());
    CHECK(same.header("etag") == first.header("etag"));

    put("public/new.js", "changed!");
    fs::rename(top / "public/new.js", top / "public/app.js");
    CHECK(client.get("/files/app.js").body == "changed!");

    client.header("if-none-match", "").header("if-modified-since", first.header("last-modified"));
    CHECK(client.get("/files/sub/index.html").status == 304);
    client.header("if-modified-since", "").header("if-match", "\"other\"");
    CHECK(client.get("/files/app.js").status == 412);
}

TEST_CASE_FIXTURE(files_fixture, "a single range is sent with its position") {
    auto client = serve();
    client.header("range", "bytes=2-4");
    const auto res = client.get("/files/app.js");
    CHECK(res.status == 206);
    CHECK(res.body == "234");
    CHECK(res.header("content-range") == "bytes 2-4/10");
    client.header("range", "bytes=-3");
    CHECK(client.get("/files/app.js").body == "789");
}

TEST_CASE_FIXTURE(files_fixture, "several ranges are sent as parts") {
    auto client = serve();
    client.header("range", "bytes=0-1,5-6");
    const auto res = client.get("/files/app.js");
    CHECK(res.status == 206);
    const std::string type = res.header("content-type");
    REQUIRE(type.starts_with("multipart/byteranges; boundary="));
    const std::string line = "--" + type.substr(type.find('=') + 1);
    CHECK(res.body.find(line + "\r\n") != std::string::npos);
    CHECK(res.body.find("content-range: bytes 0-1/10\r\n\r\n01\r\n") != std::string::npos);
    CHECK(res.body.find("content-range: bytes 5-6/10\r\n\r\n56\r\n") != std::string::npos);
    CHECK(res.body.ends_with(line + "--\r\n"));
    CHECK(res.header("content-length") == std::to_string(res.body.size()));
}

TEST_CASE_FIXTURE(files_fixture, "the parts of an encoded file name its coding, and the multipart body none") {
    auto client = serve();
    client.header("range", "bytes=0-1,5-6").header("accept-encoding", "gzip");
    const auto several = client.get("/files/app.js");
    CHECK(several.status == 206);
    CHECK(several.header("content-type").starts_with("multipart/byteranges; boundary="));
    CHECK(several.header("content-encoding").empty());
    CHECK(several.header("vary") == "accept-encoding");
    CHECK(several.header("content-length") == std::to_string(several.body.size()));
    CHECK(several.body.find("content-encoding: gzip\r\ncontent-range: bytes 0-1/7\r\n\r\ngz\r\n") != std::string::npos);
    CHECK(several.body.find("content-encoding: gzip\r\ncontent-range: bytes 5-6/7\r\n\r\ned\r\n") != std::string::npos);

    client.header("range", "bytes=0-1");
    const auto one = client.get("/files/app.js");
    CHECK(one.header("content-encoding") == "gzip");
    CHECK(one.body == "gz");
    client.header("range", "bytes=7-");
    const auto none = client.get("/files/app.js");
    CHECK(none.status == 416);
    CHECK(none.header("content-type") == "application/json");
    CHECK(none.header("content-encoding").empty());
}

TEST_CASE_FIXTURE(files_fixture, "a range that doesn't exist is a 416 with the size") {
    auto client = serve();
    client.header("range", "bytes=10-");
    const auto res = client.get("/files/app.js");
    CHECK(res.status == 416);
    CHECK(res.header("content-range") == "bytes */10");
}

TEST_CASE_FIXTURE(files_fixture, "If-Range with an old tag brings the whole file") {
    auto client = serve();
    client.header("range", "bytes=2-4").header("if-range", "\"old\"");
    const auto res = client.get("/files/app.js");
    CHECK(res.status == 200);
    CHECK(res.body == "0123456789");
}

TEST_CASE_FIXTURE(files_fixture, "an encoded variant goes to clients that accept it") {
    auto client = serve();
    client.header("accept-encoding", "gzip");
    const auto res = client.get("/files/app.js");
    CHECK(res.body == "gzipped");
    CHECK(res.header("content-encoding") == "gzip");
    CHECK(res.header("content-type").starts_with("text/javascript"));
    CHECK(res.header("vary") == "accept-encoding");
    client.header("accept-encoding", "");
    const auto plain = client.get("/files/app.js");
    CHECK(plain.body == "0123456789");
    CHECK(plain.header("vary") == "accept-encoding");
    CHECK(plain.header("etag") != res.header("etag"));
}

TEST_CASE_FIXTURE(files_fixture, "of the existing encoded variants the client gets its preferred one") {
    put("public/both.js", "plain");
    put("public/both.js.gz", "gzip");
    put("public/both.js.br", "br");
    put("public/brotli.js", "plain");
    put("public/brotli.js.br", "br");
    auto client = serve();
    const auto got = [&](const char* path, const char* accepted) {
        client.header("accept-encoding", accepted);
        const auto res = client.get(path);
        CHECK(res.header("content-length") == std::to_string(res.body.size()));
        CHECK(res.header("content-encoding") == (res.body == "br" || res.body == "gzip" ? res.body : ""));
        CHECK(res.header("vary") == "accept-encoding");
        return res.body;
    };
    CHECK(got("/files/both.js", "gzip, deflate, br") == "br");
    CHECK(got("/files/both.js", "br;q=0.5, gzip") == "gzip");
    CHECK(got("/files/both.js", "br;q=0, *") == "gzip");
    CHECK(got("/files/both.js", "*;q=0.5") == "br");
    CHECK(got("/files/both.js", "deflate, zstd") == "plain");
    CHECK(got("/files/both.js", "gzip;q=0, br;q=0") == "plain");
    CHECK(got("/files/both.js", "identity, br;q=0.9, gzip;q=0.8") == "plain");
    CHECK(got("/files/both.js", "identity;q=0.5, br;q=0.4, gzip;q=0.6") == "gzip");
    // the client's preferred one doesn't exist
    put("public/gzip.js", "plain");
    put("public/gzip.js.gz", "gzip");
    CHECK(got("/files/gzip.js", "gzip, deflate, br") == "gzip");
    CHECK(got("/files/brotli.js", "gzip, br;q=0.1") == "br");
    CHECK(got("/files/brotli.js", "gzip, br;q=0") == "plain");
    CHECK(got("/files/brotli.js", "gzip, identity;q=0.5, br;q=0.1") == "plain");
    CHECK(got("/files/brotli.js", "gzip, identity;q=0") == "plain");
    CHECK(got("/files/brotli.js", "gzip, br;q=0.1, identity;q=0") == "br");
}

TEST_CASE_FIXTURE(files_fixture, "an encoded file differs from the plain one in ranges and in its tag") {
    put("public/app.js.br", "brotli");
    auto client = serve();
    client.header("accept-encoding", "gzip;q=0.5, br").header("range", "bytes=1-2");
    const auto part = client.get("/files/app.js");
    CHECK(part.status == 206);
    CHECK(part.body == "ro");
    CHECK(part.header("content-encoding") == "br");
    CHECK(part.header("content-range") == "bytes 1-2/6");
    client.header("range", "").header("if-none-match", part.header("etag"));
    CHECK(client.get("/files/app.js").status == 304);
    client.header("accept-encoding", "gzip");
    CHECK(client.get("/files/app.js").status == 200);
}

TEST_CASE_FIXTURE(files_fixture, "a missing folder fails the start and is named") {
    try {
        const static_files absent(top / "nowhere");
        FAIL("it was taken");
    } catch (const std::invalid_argument& refused) {
        CHECK(std::string(refused.what()).find("nowhere") != std::string::npos);
    }
}
