// SPDX-License-Identifier: MIT
#pragma once

#include "http/range.hpp"
#include <weir/http/body_writer.hpp>
#include <weir/http/file_body.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// Several parts of a file as multipart/byteranges (RFC 9110 section 14.6), read as they are sent. `fields` are the
/// lines that say what the file is, Content-Type and the like; each part has them.
response byte_ranges(std::shared_ptr<const open_file> file, std::uint64_t size, std::vector<byte_range> ranges,
                     std::string_view fields);

} // namespace weir::http::detail
