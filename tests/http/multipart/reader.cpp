// SPDX-License-Identifier: MIT
#include "support/temporary_folder.hpp"
#include <weir/http/multipart_reader.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace weir;

namespace {

constexpr const char* upload_type = "multipart/form-data; boundary=b1";

std::string part(const char* parameters, std::string_view content) {
    std::string text = "--b1\r\nContent-Disposition: form-data; ";
    return text.append(parameters).append("\r\n\r\n").append(content).append("\r\n");
}

const std::string photo = [] {
    std::string bytes;
    for (int i = 0; i < 5000; ++i) bytes += "\r\n--b2" + std::to_string(i);
    return bytes;
}();

const std::string upload_form =
    part("name=title", "Me") + part("name=photo; filename=me.png", photo) + part("name=note", "long enough") +
    "--b1--\r\n";

struct upload_fixture {
    test_support::temporary_folder own;
    std::filesystem::path folder = own.path();
    blocking_pool disk{{.name = "disk", .threads = 1}};
    router app;

    upload_fixture() {
        app.max_body(1U << 20);
        app.post("/photos", [this](multipart_reader in) { return store(std::move(in)); });
        app.post("/names", [](multipart_reader in) { return names(std::move(in)); });
        app.post("/ignore", [](multipart_reader) -> task<std::string> { co_return "thanks"; });
    }

    // Copies up to 5 bytes of each field into the response, and files to disk.
    task<result<std::string>> store(multipart_reader in) {
        std::string seen;
        for (;;) {
            const auto part = co_await in.next_part();
            if (!part) co_return part.error();
            if (!*part) co_return seen;
            if (!(*part)->is_file) {
                const auto text = co_await in.read_all(5);
                seen += (*part)->name + "=" + (text ? *text : std::string(text.error().code())) + ";";
                continue;
            }
            auto file = upload_file::create(folder.string());
            if (!file) co_return file.error();
            const auto saved = co_await in.save_to(*file, disk);
            if (!saved) co_return saved.error();
            if (auto kept = file->keep_as((folder / "photo").string()); !kept) co_return kept.error();
        }
    }

    static task<result<std::string>> names(multipart_reader in) {
        std::string seen;
        for (;;) {
            const auto part = co_await in.next_part();
            if (!part) co_return part.error();
            if (!*part) break;
            seen += (*part)->name + ";";
        }
        const auto after = co_await in.read();
        const auto again = co_await in.next_part();
        if (!after || !after->empty() || !again || *again) co_return errc::internal;
        co_return seen;
    }

    std::string stored() const {
        std::ostringstream all;
        all << std::ifstream(folder / "photo", std::ios::binary).rdbuf();
        return all.str();
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
    }
};

std::string head_of(const char* target, std::size_t size) {
    return std::string("POST ") + target + " HTTP/1.1\r\nHost: a\r\nContent-Type: " + upload_type +
           "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

} // namespace

TEST_CASE_FIXTURE(upload_fixture, "fields are read, a file goes to disk, an oversized field is reported") {
    test_client client(app);
    const auto res = client.send(http::method::post, "/photos", upload_form, upload_type);
    CHECK(res.status == 200);
    CHECK(res.body == "title=Me;note=too_large;");
    CHECK(!res.closes);
    CHECK(stored() == photo);
    CHECK(files() == 1);
}

TEST_CASE_FIXTURE(upload_fixture, "unread parts are skipped, however the bytes arrive") {
    for (const std::size_t piece : {1000U, 4096U, 70000U, 1000000U}) {
        CAPTURE(piece);
        test_client client(app);
        client.write(head_of("/names", upload_form.size()));
        for (std::size_t at = 0; at < upload_form.size(); at += piece) {
            client.write(std::string_view(upload_form).substr(at, piece));
            client.poll();
        }
        const auto res = client.receive();
        CHECK(res.body == "title;photo;note;");
        CHECK(!res.closes); // the form was read to its end
    }
}

TEST_CASE_FIXTURE(upload_fixture, "a line break after the form that arrives late keeps the connection open") {
    test_client client(app);
    client.write(head_of("/names", upload_form.size()));
    client.write(std::string_view(upload_form).substr(0, upload_form.size() - 2));
    client.poll();
    client.write("\r\n");
    CHECK(client.receive().body == "title;photo;note;");
    CHECK(client.send(http::method::post, "/names", upload_form, upload_type).status == 200);
}

TEST_CASE_FIXTURE(upload_fixture, "a malformed or truncated form is a 400, another type a 415") {
    test_client client(app);
    const auto post = [&](std::string_view body, const char* type = upload_type) {
        return client.send(http::method::post, "/names", body, type);
    };
    CHECK(post("nonsense").status == 400);
    CHECK(post(upload_form + "--b1--").status == 200); // an epilogue
    const auto cut = post(upload_form.substr(0, upload_form.size() - 6));
    CHECK(cut.status == 400);
    CHECK(cut.body.find("ends before") != std::string::npos);
    CHECK(post(upload_form, "multipart/form-data").status == 400);
    CHECK(post(upload_form, "text/plain").status == 415);
}

TEST_CASE_FIXTURE(upload_fixture, "a truncated file leaves nothing on disk") {
    test_client client(app);
    const auto res =
        client.send(http::method::post, "/photos", std::string_view(upload_form).substr(0, 20000), upload_type);
    CHECK(res.status == 400);
    CHECK(files() == 0);
}

TEST_CASE_FIXTURE(upload_fixture, "a form over the route's limit is a 413") {
    router small;
    small.max_body(1000);
    small.post("/names", [](multipart_reader in) { return names(std::move(in)); });
    test_client client(small);
    client.write(head_of("/names", upload_form.size()));
    CHECK(client.receive().status == 413);
}
