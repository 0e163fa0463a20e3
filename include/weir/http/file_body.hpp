// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <memory>

namespace weir::http {

/// An open file that responses may send parts of; closed when the last owner releases it. Thread-safe.
class open_file {
public:
    /// Takes ownership of the descriptor.
    explicit open_file(int descriptor) noexcept : descriptor_(descriptor) {}
    ~open_file();
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

/// Part of a file.
struct file_range {
    std::shared_ptr<const open_file> file{};
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// Makes part of a file the response's body. On a connection without TLS the kernel sends it without a copy
/// (sendfile(2)). A file that has become shorter meanwhile ends the connection.
void send_file(file_range part, response& out);

} // namespace weir::http
