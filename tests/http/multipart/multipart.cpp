// SPDX-License-Identifier: MIT
#include "support/temporary_folder.hpp"
#include <weir/http/multipart.hpp>
#include <weir/http/router.hpp>
#include <weir/http/upload_file.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

using namespace weir;
using http::upload_file;

namespace {

constexpr const char* photo_type = "multipart/form-data; boundary=b1";

const std::string photo_form =
    "--b1\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nMe\r\n"
    "--b1\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"me.png\"\r\n"
    "Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n"
    "--b1--\r\n";

struct photo_fixture {
    router app;
    test_client client{app};

    photo_fixture() {
        app.post("/photos", [](multipart in) -> result<std::string> {
            const auto* photo = in.file("photo");
            if (!photo) return error(errc::validation_failed, "a photo is needed");
            return std::string(in.field("title").value_or("untitled")) + " " + photo->head.filename + " " +
                   photo->head.content_type + " " + std::to_string(photo->content.size());
        });
        app.post("/limited", [](request& req) -> result<std::string> {
            const auto in = http::parse_multipart(req, {.file = 5});
            if (!in) return in.error();
            return std::to_string(in->parts().size());
        });
    }

    testing::test_response post(std::string_view body, const char* target = "/photos", const char* type = photo_type) {
        return client.send(http::method::post, target, body, type);
    }
};

// A temporary folder for the test.
struct folder_fixture {
    test_support::temporary_folder own;
    std::filesystem::path folder = own.path();

    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
    }
    std::string at(const char* name) const { return (folder / name).string(); }
};

std::string content_of(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path, std::ios::binary).rdbuf();
    return all.str();
}

} // namespace

TEST_CASE_FIXTURE(photo_fixture, "a handler reads fields and files by name") {
    const auto res = post(photo_form);
    CHECK(res.status == 200);
    CHECK(res.body == "Me me.png image/png 6");
    CHECK(post("--b1--").status == 422);
}

TEST_CASE_FIXTURE(photo_fixture, "a field isn't returned as a file, nor a file as a field") {
    const auto res = post("--b1\r\nContent-Disposition: form-data; name=photo\r\n\r\nx\r\n"
                          "--b1\r\nContent-Disposition: form-data; name=title; filename=t\r\n\r\nx\r\n--b1--");
    CHECK(res.status == 422);
}

TEST_CASE_FIXTURE(photo_fixture,
                  "a malformed or incomplete form is a 400, another type a 415, an oversized one a 413") {
    const auto cut = post(photo_form.substr(0, photo_form.size() - 6));
    CHECK(cut.status == 400);
    CHECK(cut.body.find("ends before") != std::string::npos);
    CHECK(post("nonsense").status == 400);
    CHECK(post("").status == 400);
    CHECK(post(photo_form, "/photos", "multipart/form-data").status == 400);
    CHECK(post(photo_form, "/photos", "application/x-www-form-urlencoded").status == 415);
    CHECK(post(photo_form, "/limited").status == 413);
    std::string many;
    for (int i = 0; i < 101; ++i) many += "--b1\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
    CHECK(post(many + "--b1--").status == 413);
}

TEST_CASE_FIXTURE(folder_fixture, "an upload is written under a generated name and kept under the chosen one") {
    auto upload = upload_file::create(folder.string()).value();
    CHECK(upload.path().starts_with(at("upload-")));
    struct stat facts {};
    REQUIRE(::stat(upload.path().c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    upload.write("first ").value();
    upload.write("second").value();
    CHECK(upload.size() == 12);
    upload.keep_as(at("photo-7.png")).value();
    CHECK(upload.path() == at("photo-7.png"));
    CHECK(content_of(at("photo-7.png")) == "first second");
    CHECK(files() == 1);
    CHECK(upload.write("more").error() == errc::internal);
    CHECK(upload.keep_as(at("again")).error() == errc::internal);
}

TEST_CASE_FIXTURE(folder_fixture, "an upload that isn't kept is removed, moved or not") {
    {
        auto first = upload_file::create(folder.string()).value();
        auto second = upload_file::create(folder.string()).value();
        CHECK(files() == 2);
        second = std::move(first);
        const auto third = std::move(second);
        CHECK(third.path().starts_with(at("upload-")));
    }
    CHECK(files() == 0);
}

TEST_CASE_FIXTURE(folder_fixture,
                  "nothing is overwritten, limits hold, and failures don't reveal the path to the client") {
    std::ofstream(at("taken")) << "old";
    auto upload = upload_file::create(folder.string(), 5).value();
    CHECK(upload.write("12345").has_value());
    CHECK(upload.write("6").error() == errc::too_large);
    CHECK(upload.keep_as(at("taken")).error() == errc::already_exists);
    CHECK(content_of(at("taken")) == "old");
    const auto lost = upload.keep_as(at("nowhere/photo"));
    CHECK(lost.error() == errc::internal);
    CHECK(lost.error().message().find("nowhere") == std::string_view::npos);
    CHECK(lost.error().describe().find("nowhere") != std::string::npos);
    CHECK(upload_file::create(at("nowhere")).error() == errc::internal);
    CHECK(upload.keep_as(at("free")).has_value());
}

TEST_CASE_FIXTURE(folder_fixture, "a streamed form goes to disk piece by piece") {
    auto parser = http::multipart_parser::for_type(photo_type, {.file = 1000}).value();
    std::optional<upload_file> upload;
    bool done = false;
    for (std::size_t at = 0; at < photo_form.size(); at += 7) {
        const std::string chunk = photo_form.substr(at, 7);
        parser.feed(chunk);
        for (auto event = parser.next().value(); event != http::multipart_event::more; event = parser.next().value()) {
            if (event == http::multipart_event::end) {
                done = true;
                break;
            }
            if (event == http::multipart_event::part && parser.head().is_file)
                upload = upload_file::create(folder.string()).value();
            if (event == http::multipart_event::data && parser.head().is_file) upload->write(parser.data()).value();
            if (event == http::multipart_event::part_end && parser.head().is_file)
                upload->keep_as(this->at("kept")).value();
        }
    }
    CHECK(done);
    CHECK(content_of(this->at("kept")) == "\x89PNG\r\n");
}
