// SPDX-License-Identifier: MIT
#include "http/files/file_lookup.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>

namespace weir::http::detail {

namespace {

bool is_step(std::string_view name, lookup_rules rules) noexcept {
    if (name.empty() || name == "." || name == "..") return false;
    if (name.find('\0') != std::string_view::npos || name.size() > 255) return false;
    return rules.hidden_files || name.front() != '.';
}

std::shared_ptr<const open_file> open_below(int folder, std::string_view name, lookup_rules rules) {
    // Non-blocking: opening a named pipe would otherwise block the loop until it has a writer.
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (rules.follow_symlinks ? 0 : O_NOFOLLOW);
    const int opened = ::openat(folder, std::string(name).c_str(), flags);
    return opened < 0 ? nullptr : std::make_shared<open_file>(opened);
}

// Certificate authorities and apps verify the site by files in it (RFC 8615).
constexpr std::string_view well_known = ".well-known";

// Opens one component at a time: the kernel never sees a path that it could resolve differently. On failure errno has
// the reason.
std::shared_ptr<const open_file> walk(const open_file& folder, std::string_view path, lookup_rules rules) {
    std::shared_ptr<const open_file> at;
    for (;;) {
        const std::size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        errno = ENOENT;
        const bool shown = !at && name == well_known;
        if (!shown && !is_step(name, rules)) return nullptr;
        at = open_below(at ? at->descriptor() : folder.descriptor(), name, rules);
        if (!at || slash == std::string_view::npos) return at;
        path.remove_prefix(slash + 1);
    }
}

bool is_temporary(int failure) noexcept {
    return failure == EMFILE || failure == ENFILE || failure == ENOMEM || failure == EIO;
}

found_file without_file(lookup_end end) {
    found_file nothing;
    nothing.end = end;
    return nothing;
}

found_file describe(std::shared_ptr<const open_file> file, const struct stat& seen) {
    found_file found;
    found.end = lookup_end::file;
    found.file = std::move(file);
    found.size = static_cast<std::uint64_t>(seen.st_size);
    found.modified = std::chrono::sys_seconds(std::chrono::seconds(seen.st_mtim.tv_sec));
    found.etag =
        fmt::format("\"{:x}-{:x}-{:x}.{:x}\"", seen.st_ino, seen.st_size, seen.st_mtim.tv_sec, seen.st_mtim.tv_nsec);
    return found;
}

} // namespace

found_file look_up(const open_file& folder, std::string_view path, lookup_rules rules) {
    auto file = walk(folder, path, rules);
    struct stat seen {};
    if (!file || ::fstat(file->descriptor(), &seen) != 0)
        return without_file(is_temporary(errno) ? lookup_end::unavailable : lookup_end::nothing);
    if (S_ISDIR(seen.st_mode)) return without_file(lookup_end::folder);
    if (!S_ISREG(seen.st_mode)) return {};
    return describe(std::move(file), seen);
}

} // namespace weir::http::detail
