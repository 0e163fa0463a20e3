// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/file_body.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// What a path leads to. `unavailable` is what can't be looked at now: no descriptor or memory is left, the disk fails.
enum class lookup_end : std::uint8_t { nothing, file, folder, unavailable };

/// An open regular file, as it was found.
struct found_file {
    std::shared_ptr<const open_file> file{};
    std::uint64_t size = 0;
    std::chrono::sys_seconds modified{};
    std::string etag{}; // strong: of the inode, its size and its time to the nanosecond
    lookup_end end = lookup_end::nothing;

    explicit operator bool() const noexcept { return file != nullptr; }
};

struct lookup_rules {
    bool follow_symlinks = false;
    bool hidden_files = false;
};

/// Opens what a decoded path names below a folder; no file for what isn't a regular file there, whose `end` says why.
found_file look_up(const open_file& folder, std::string_view path, lookup_rules rules);

} // namespace weir::http::detail
