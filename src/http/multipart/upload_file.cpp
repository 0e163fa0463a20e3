// SPDX-License-Identifier: MIT
#include <weir/http/upload_file.hpp>
#include <weir/security/crypto.hpp>

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace weir::http {

namespace {

// The client learns that the upload failed; the reason is for the log.
error failed(int number, const std::string& doing) {
    const bool full = number == ENOSPC || number == EDQUOT;
    return error(full ? errc::unavailable : errc::internal, "the upload can't be stored")
        .caused_by(error(errc::unknown, doing + ": " + std::generic_category().message(number)));
}

} // namespace

upload_file::upload_file(int descriptor, std::string path, std::size_t most) noexcept
    : descriptor_(descriptor), path_(std::move(path)), most_(most) {}

upload_file::upload_file(upload_file&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::exchange(other.path_, {})), most_(other.most_),
      size_(other.size_) {}

upload_file& upload_file::operator=(upload_file&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    std::swap(most_, other.most_);
    std::swap(size_, other.size_);
    return *this;
}

upload_file::~upload_file() {
    if (descriptor_ < 0) return;
    close();
    ::unlink(path_.c_str());
}

void upload_file::close() noexcept { ::close(std::exchange(descriptor_, -1)); }

result<upload_file> upload_file::create(const std::string& folder, std::size_t most) {
    constexpr mode_t for_us_alone = 0600;
    std::string path = folder + "/upload-" + security::random_token();
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, for_us_alone);
    if (descriptor < 0) return failed(errno, "create " + path);
    return upload_file(descriptor, std::move(path), most);
}

result<void> upload_file::write(std::string_view bytes) {
    if (descriptor_ < 0) return error(errc::internal, "the upload has already been kept");
    if (bytes.size() > most_ - size_) return error(errc::too_large, "the file is too large");
    while (!bytes.empty()) {
        const auto written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed(errno, "write " + path_);
        bytes.remove_prefix(static_cast<std::size_t>(written));
        size_ += static_cast<std::size_t>(written);
    }
    return ok();
}

// A hard link, unlike rename, never replaces an existing file.
result<void> upload_file::keep_as(const std::string& path) {
    if (descriptor_ < 0) return error(errc::internal, "the upload has already been kept");
    if (::link(path_.c_str(), path.c_str()) != 0) {
        if (errno == EEXIST) return error(errc::already_exists, "a file of that name already exists");
        return failed(errno, "link " + path_ + " to " + path);
    }
    ::unlink(path_.c_str());
    close();
    path_ = path;
    return ok();
}

} // namespace weir::http
