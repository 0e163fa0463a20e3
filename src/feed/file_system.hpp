// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::feed::detail {

/// The system calls of the event writer, which tests replace to make them fail. Errors are errc::unavailable with the
/// system's message, errc::not_found for a name that doesn't exist. Used by one thread at a time.
class file_system {
public:
    virtual ~file_system() = default;

    /// Creates the folder and its parents.
    virtual result<void> create_folder(const std::string& path) = 0;
    virtual result<int> open_folder(const std::string& path) = 0;
    /// Creates a file that must not exist, and locks it (flock).
    virtual result<int> create_file(int folder, const std::string& name) = 0;
    /// Opens a file for reading and writing, and locks it; errc::conflict if another process holds the lock.
    virtual result<int> open_locked(const std::string& path) = 0;
    /// Writes up to `bytes.size()` bytes at the file's end; returns how many.
    virtual result<std::size_t> write(int file, std::string_view bytes) = 0;
    /// Returns fewer bytes only at the end of the file.
    virtual result<std::size_t> read(int file, char* into, std::size_t size, std::uint64_t from) = 0;
    virtual result<void> truncate(int file, std::uint64_t size) = 0;
    virtual result<void> sync(int file) = 0;
    /// Whether the file still has a name.
    virtual result<bool> linked(int file) = 0;
    /// Renames within a folder; errc::already_exists instead of replacing a file.
    virtual result<void> rename(int folder, const std::string& from, const std::string& to) = 0;
    virtual result<void> remove(const std::string& path) = 0;
    virtual void close(int descriptor) noexcept = 0;

    struct entry {
        std::string name{};
        std::uint64_t size = 0;
        bool folder = false;
    };
    /// A missing folder has no entries.
    virtual result<std::vector<entry>> list(const std::string& path) = 0;
};

/// The kernel's. Stateless.
file_system& posix_files() noexcept;

/// A descriptor that is closed by the destructor.
class open_descriptor {
public:
    open_descriptor() = default;
    open_descriptor(file_system& files, int descriptor) noexcept : files_(&files), descriptor_(descriptor) {}
    open_descriptor(open_descriptor&& other) noexcept;
    open_descriptor& operator=(open_descriptor&& other) noexcept;
    ~open_descriptor() { reset(); }

    int get() const noexcept { return descriptor_; }
    explicit operator bool() const noexcept { return descriptor_ >= 0; }
    void reset() noexcept;

private:
    file_system* files_ = nullptr;
    int descriptor_ = -1;
};

} // namespace weir::feed::detail
