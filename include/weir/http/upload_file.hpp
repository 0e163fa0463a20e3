// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::http {

/// A file that takes an upload as it comes: under an unguessable name in a folder of ours, created new (O_EXCL),
/// readable for nobody else, and removed again unless it is kept. Its calls block: run them on a blocking_pool.
/// errc::too_large over the limit, errc::unavailable where the disk is full, errc::internal for other failures,
/// whose cause is for the log.
class upload_file {
public:
    static result<upload_file> create(const std::string& folder, std::size_t most = std::size_t(-1));

    upload_file(upload_file&& other) noexcept;
    upload_file& operator=(upload_file&& other) noexcept;
    ~upload_file();

    result<void> write(std::string_view bytes);

    /// Gives the file its name, on the same file system, and leaves it there. The name is ours: one that a client
    /// chose leads out of the folder. errc::already_exists where something is there; it is never overwritten.
    result<void> keep_as(const std::string& path);

    const std::string& path() const noexcept { return path_; }
    std::size_t size() const noexcept { return size_; }

private:
    upload_file(int descriptor, std::string path, std::size_t most) noexcept;

    void close() noexcept;

    int descriptor_ = -1;
    std::string path_;
    std::size_t most_ = 0;
    std::size_t size_ = 0;
};

} // namespace weir::http
