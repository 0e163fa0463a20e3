// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/file_body.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// The result of a lookup. `unavailable` means a temporary failure: out of descriptors or memory, or a disk error.
enum class lookup_end : std::uint8_t { nothing, file, folder, unavailable };

/// An open regular file, with its properties when it was opened.
struct found_file {
    std::shared_ptr<const open_file> file{};
    std::uint64_t size = 0;
    std::chrono::sys_seconds modified{};
    std::string etag{}; // strong: of the inode, its size, and its time to the nanosecond
    lookup_end end = lookup_end::nothing;

    explicit operator bool() const noexcept { return file != nullptr; }
};

struct lookup_rules {
    bool follow_symlinks = false;
    bool hidden_files = false;
};

/// Opens the file that a decoded path names below a folder. If there is no regular file, `end` has the reason.
found_file look_up(const open_file& folder, std::string_view path, lookup_rules rules);

} // namespace weir::http::detail
