// SPDX-License-Identifier: MIT
#include "feed/file_system.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace weir::feed::detail {

namespace {

error failure(std::string_view what, const std::string& path, int code = errno) {
    const errc kind = code == ENOENT ? errc::not_found : errc::unavailable;
    return {kind, std::string(what) + " " + path + ": " + std::generic_category().message(code)};
}

error failure_of_file(std::string_view what, int code = errno) {
    return {errc::unavailable, std::string(what) + ": " + std::generic_category().message(code)};
}

template<class F>
auto restarted(F call) {
    auto got = call();
    while (got < 0 && errno == EINTR) got = call();
    return got;
}

bool is_linked(int file) noexcept {
    struct stat found {};
    return ::fstat(file, &found) == 0 && found.st_nlink > 0;
}

class kernel_files final : public file_system {
public:
    result<void> create_folder(const std::string& path) override {
        std::error_code failed;
        std::filesystem::create_directories(path, failed);
        if (failed) return failure("can't create the folder", path, failed.value());
        return ok();
    }

    result<int> open_folder(const std::string& path) override {
        const int fd = restarted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
        if (fd < 0) return failure("can't open the folder", path);
        return fd;
    }

    result<int> create_file(int folder, const std::string& name) override {
        constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
        const int fd = restarted([&] { return ::openat(folder, name.c_str(), flags, 0640); });
        if (fd < 0 && errno == EEXIST) return error(errc::already_exists, name + " exists");
        if (fd < 0) return failure("can't create the file", name);
        // A recovery in another process may have locked or deleted it since.
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0 && is_linked(fd)) return fd;
        ::close(fd);
        return error(errc::already_exists, name + " was taken by another process");
    }

    result<int> open_locked(const std::string& path) override {
        const int fd = restarted([&] { return ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW); });
        if (fd < 0) return failure("can't open the file", path);
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
        ::close(fd);
        return error(errc::conflict, "another process is writing " + path);
    }

    result<std::size_t> write(int file, std::string_view bytes) override {
        const ssize_t wrote = restarted([&] { return ::write(file, bytes.data(), bytes.size()); });
        if (wrote < 0) return failure_of_file("can't write the events");
        return static_cast<std::size_t>(wrote);
    }

    result<std::size_t> read(int file, char* into, std::size_t size, std::uint64_t from) override {
        std::size_t all = 0;
        while (all < size) {
            const auto at = static_cast<off_t>(from + all);
            const ssize_t got = restarted([&] { return ::pread(file, into + all, size - all, at); });
            if (got < 0) return failure_of_file("can't read the events");
            if (got == 0) break;
            all += static_cast<std::size_t>(got);
        }
        return all;
    }

    result<void> truncate(int file, std::uint64_t size) override {
        if (restarted([&] { return ::ftruncate(file, static_cast<off_t>(size)); }) == 0) return ok();
        return failure_of_file("can't truncate the events");
    }

    result<void> sync(int file) override {
        if (restarted([&] { return ::fsync(file); }) == 0) return ok();
        return failure_of_file("can't synchronize the events");
    }

    result<bool> linked(int file) override {
        struct stat found {};
        if (::fstat(file, &found) == 0) return found.st_nlink > 0;
        return result<bool>(boost::system::in_place_error, failure_of_file("can't examine the events"));
    }

    result<void> rename(int folder, const std::string& from, const std::string& to) override {
        if (::renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return ok();
        if (errno == EEXIST) return error(errc::already_exists, to + " exists");
        const bool supported = errno != EINVAL && errno != ENOSYS;
        if (!supported && ::renameat(folder, from.c_str(), folder, to.c_str()) == 0) return ok();
        return failure("can't rename the file", from);
    }

    result<void> remove(const std::string& path) override {
        if (::remove(path.c_str()) == 0) return ok();
        return failure("can't remove", path);
    }

    void close(int descriptor) noexcept override { ::close(descriptor); }

    result<std::vector<entry>> list(const std::string& path) override {
        const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
        std::vector<entry> all;
        if (!folder && errno == ENOENT) return all;
        if (!folder) return failure("can't list the folder", path);
        while (const dirent* const one = ::readdir(folder.get())) {
            struct stat found {};
            if (::fstatat(::dirfd(folder.get()), one->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
            if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) continue;
            all.push_back({one->d_name, static_cast<std::uint64_t>(found.st_size), S_ISDIR(found.st_mode)});
        }
        return all;
    }
};

} // namespace

file_system& posix_files() noexcept {
    static kernel_files files;
    return files;
}

open_descriptor::open_descriptor(open_descriptor&& other) noexcept
    : files_(other.files_), descriptor_(std::exchange(other.descriptor_, -1)) {}

open_descriptor& open_descriptor::operator=(open_descriptor&& other) noexcept {
    std::swap(files_, other.files_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

void open_descriptor::reset() noexcept {
    if (descriptor_ >= 0) files_->close(std::exchange(descriptor_, -1));
}

} // namespace weir::feed::detail
