// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/file_body.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// An open regular file, as it was found.
struct found_file {
    std::shared_ptr<const open_file> file{};
    std::uint64_t size = 0;
    std::chrono::sys_seconds modified{};
    std::string etag{}; // strong: of the inode, its size and its time to the nanosecond

    explicit operator bool() const noexcept { return file != nullptr; }
};

struct lookup_rules {
    bool follow_symlinks = false;
    bool hidden_files = false;
};

/// Opens what a decoded path names below a folder; nothing for what isn't a regular file there. A folder sets
/// `is_folder`.
found_file look_up(const open_file& folder, std::string_view path, lookup_rules rules, bool& is_folder);

} // namespace weir::http::detail
