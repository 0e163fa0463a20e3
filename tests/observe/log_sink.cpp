// SPDX-License-Identifier: MIT
// labels: unit
#include "support/temporary_folder.hpp"
#include <weir/observe/log.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace weir;
namespace fs = std::filesystem;

namespace {

struct folder_fixture {
    test_support::temporary_folder own;
    fs::path folder = own.path();
    fs::path file = folder / "app.log";

    static std::string text(const fs::path& path) {
        std::ostringstream out;
        out << std::ifstream(path).rdbuf();
        return out.str();
    }
};

// Replaces a standard stream by a pipe and reads what was written to it.
class redirected {
public:
    explicit redirected(int fd) : fd_(fd), saved_(::dup(fd)) {
        REQUIRE(::pipe(ends_) == 0);
        ::dup2(ends_[1], fd_);
    }

    std::string restore() {
        ::dup2(saved_, fd_);
        ::close(saved_);
        ::close(ends_[1]);
        std::string out(1000, '\0');
        out.resize(static_cast<std::size_t>(::read(ends_[0], out.data(), out.size())));
        ::close(ends_[0]);
        return out;
    }

private:
    int fd_;
    int saved_;
    int ends_[2] = {};
};

} // namespace

TEST_CASE_FIXTURE(folder_fixture, "a file is appended to, and readable at most by its group") {
    std::ofstream(file) << "before\n";
    REQUIRE(file_sink(file).value()->write("one\ntwo\n"));
    CHECK(text(file) == "before\none\ntwo\n");

    const fs::path fresh = folder / "fresh.log";
    REQUIRE(file_sink(fresh));
    struct stat about {};
    REQUIRE(::stat(fresh.c_str(), &about) == 0);
    CHECK((about.st_mode & 0137) == 0);
}

TEST_CASE_FIXTURE(folder_fixture, "after rotation a log continues in the new file") {
    logger_options options;
    options.asynchronous = false;
    const logger log(file_sink(file).value(), options);
    log.info("old");
    fs::rename(file, folder / "app.log.1");
    log.info("still old");
    REQUIRE(log.reopen());
    log.info("new");
    CHECK(text(folder / "app.log.1").find("still old") != std::string::npos);
    CHECK(text(file).find("\"new\"") != std::string::npos);
    CHECK(text(file).find("old") == std::string::npos);
}

TEST_CASE_FIXTURE(folder_fixture, "a file that can't be opened is an error that names it") {
    const auto refused = file_sink((folder / "none" / "app.log").string());
    REQUIRE(!refused);
    CHECK(refused.error() == errc::unavailable);
    CHECK(refused.error().message() ==
          "can't open the log file " + (folder / "none" / "app.log").string() + ": No such file or directory");
}

TEST_CASE_FIXTURE(folder_fixture, "if a file can't be reopened, the log keeps the current one") {
    const fs::path inside = folder / "logs";
    fs::create_directory(inside);
    auto sink = file_sink(inside / "app.log").value();
    fs::rename(inside, folder / "moved");
    CHECK(sink->reopen().error() == errc::unavailable);
    REQUIRE(sink->write("kept\n"));
    CHECK(text(folder / "moved" / "app.log") == "kept\n");
}

TEST_CASE("a full disk is a write error") {
    auto sink = file_sink("/dev/full").value();
    const auto refused = sink->write("line\n");
    REQUIRE(!refused);
    CHECK(refused.error().message() == "can't write the log: No space left on device");
}

TEST_CASE("standard error and standard output get whole lines") {
    redirected errors(STDERR_FILENO);
    const auto wrote = stderr_sink()->write("to stderr\n");
    CHECK(errors.restore() == "to stderr\n");
    CHECK(wrote);

    redirected output(STDOUT_FILENO);
    const auto wrote_too = stdout_sink()->write("to stdout\n");
    CHECK(output.restore() == "to stdout\n");
    CHECK(wrote_too);
}

TEST_CASE("a sink waits for a full non-blocking pipe instead of losing lines") {
    int ends[2] = {};
    REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    const std::string big(300'000, 'x');
    std::size_t got = 0;
    std::thread reader([&] {
        std::string part(10'000, '\0');
        for (pollfd readable{ends[0], POLLIN, 0}; got < big.size() && ::poll(&readable, 1, 10'000) == 1;)
            got += static_cast<std::size_t>(::read(ends[0], part.data(), part.size()));
    });
    const int saved = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    const auto wrote = stderr_sink()->write(big);
    ::dup2(saved, STDERR_FILENO);
    reader.join();
    CHECK(wrote);
    CHECK(got == big.size());
    for (int fd : {saved, ends[0], ends[1]}) ::close(fd);
}

TEST_CASE("a callback gets each line without its line feed") {
    std::vector<std::string> lines;
    const auto sink = callback_sink([&](std::string_view line) { lines.emplace_back(line); });
    REQUIRE(sink->write("one\n\ntwo\n"));
    CHECK(lines == std::vector<std::string>{"one", "", "two"});
}

TEST_CASE("a memory log can be cleared") {
    memory_log kept;
    const auto sink = kept.sink();
    REQUIRE(sink->write("one\n"));
    kept.clear();
    REQUIRE(sink->write("two\n"));
    CHECK(kept.lines() == std::vector<std::string>{"two"});
}
