// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::http {

/// A file that receives an upload: newly created (O_EXCL) under an unguessable name in a given folder, readable only by
/// its owner, and removed unless it is kept. Its calls block: run them on a blocking_pool. Errors: errc::too_large over
/// the limit, errc::unavailable if the disk is full, errc::internal for other failures, with a cause for the log.
class upload_file {
public:
    static result<upload_file> create(const std::string& folder, std::size_t most = std::size_t(-1));

    upload_file(upload_file&& other) noexcept;
    upload_file& operator=(upload_file&& other) noexcept;
    ~upload_file();

    result<void> write(std::string_view bytes);

    /// Renames the file, within its file system, and keeps it. Choose the name yourself: a client's name could lead out
    /// of the folder. Returns errc::already_exists if the path exists; nothing is ever overwritten.
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
