// SPDX-License-Identifier: MIT
#pragma once

#include "http/range.hpp"
#include <weir/http/body_writer.hpp>
#include <weir/http/file_body.hpp>

#include <string>
#include <vector>

namespace weir::http::detail {

/// Several parts of a file as multipart/byteranges (RFC 9110 section 14.6), read as they are sent.
response byte_ranges(std::shared_ptr<const open_file> file, std::uint64_t size, std::vector<byte_range> ranges,
                     const std::string& content_type);

} // namespace weir::http::detail
