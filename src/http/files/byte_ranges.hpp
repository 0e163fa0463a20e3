// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/range.hpp"
#include <weir/http/body_writer.hpp>
#include <weir/http/file_body.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// Sends several parts of a file as multipart/byteranges (RFC 9110 section 14.6), reading them while sending. `fields`
/// are the lines that describe the file, such as Content-Type; each part repeats them.
response byte_ranges(std::shared_ptr<const open_file> file, std::uint64_t size, std::vector<byte_range> ranges,
                     std::string_view fields);

} // namespace weir::http::detail
