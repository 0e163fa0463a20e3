// SPDX-License-Identifier: MIT
#pragma once

#include "feed/file_system.hpp"

#include <atomic>
#include <cstdint>

namespace feed_test {

/// The kernel's files, of which one operation fails: the one after `healthy` others. With `torn` a failing write still
/// writes half of its bytes. Thread-safe as far as the event writer needs it.
class faulty_files final : public weir::feed::detail::file_system {
public:
    void fail_after(std::uint64_t healthy) { left_ = healthy; }
    void set_torn(bool torn) { torn_ = torn; }
    /// The number of operations so far.
    std::uint64_t operations() const { return operations_; }
    bool failed() const { return failed_; }

    weir::result<void> create_folder(const std::string& path) override {
        return fails() ? broken() : real_.create_folder(path);
    }
    weir::result<int> open_folder(const std::string& path) override {
        if (fails()) return broken_error();
        return real_.open_folder(path);
    }
    weir::result<int> create_file(int folder, const std::string& name) override {
        if (fails()) return broken_error();
        return real_.create_file(folder, name);
    }
    weir::result<int> open_locked(const std::string& path) override {
        if (fails()) return broken_error();
        return real_.open_locked(path);
    }
    weir::result<std::size_t> write(int file, std::string_view bytes) override {
        if (!fails()) return real_.write(file, bytes.substr(0, (bytes.size() + 1) / 2)); // a short write each time
        if (torn_) static_cast<void>(real_.write(file, bytes.substr(0, bytes.size() / 2)));
        return broken_error();
    }
    weir::result<std::size_t> read(int file, char* into, std::size_t size, std::uint64_t from) override {
        if (fails()) return broken_error();
        return real_.read(file, into, size, from);
    }
    weir::result<void> truncate(int file, std::uint64_t size) override {
        return fails() ? broken() : real_.truncate(file, size);
    }
    weir::result<void> sync(int file) override { return fails() ? broken() : real_.sync(file); }
    weir::result<bool> linked(int file) override {
        if (fails()) return weir::result<bool>(boost::system::in_place_error, broken_error());
        return real_.linked(file);
    }
    weir::result<void> rename(int folder, const std::string& from, const std::string& to) override {
        return fails() ? broken() : real_.rename(folder, from, to);
    }
    weir::result<void> remove(const std::string& path) override { return fails() ? broken() : real_.remove(path); }
    void close(int descriptor) noexcept override { real_.close(descriptor); }
    weir::result<std::vector<entry>> list(const std::string& path) override {
        if (fails()) return broken_error();
        return real_.list(path);
    }

private:
    static weir::error broken_error() { return {weir::errc::unavailable, "input/output error"}; }
    static weir::result<void> broken() { return broken_error(); }

    bool fails() {
        ++operations_;
        if (left_-- != 0) return false;
        failed_ = true;
        return true;
    }

    file_system& real_ = weir::feed::detail::posix_files();
    std::atomic<std::uint64_t> left_{~std::uint64_t{}};
    std::atomic<std::uint64_t> operations_{0};
    std::atomic<bool> torn_{false};
    std::atomic<bool> failed_{false};
};

} // namespace feed_test
