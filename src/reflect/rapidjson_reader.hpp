// SPDX-License-Identifier: MIT
#pragma once

#include "reflect/json_text.hpp"

// RapidJSON under a name of weir's own: an application's RapidJSON with other settings stays apart.
#define RAPIDJSON_NAMESPACE weir_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace weir_rapidjson {
#define RAPIDJSON_NAMESPACE_END }

#include <rapidjson/reader.h>

#include <cstddef>
#include <cstring>

namespace weir::reflect::detail {

using json_encoding = weir_rapidjson::UTF8<>;
using json_memory = weir_rapidjson::MemoryPoolAllocator<>;
using json_text = weir_rapidjson::InsituStringStream;
using json_parser = weir_rapidjson::GenericReader<json_encoding, json_encoding, json_memory>;

} // namespace weir::reflect::detail

// RapidJSON's hook for reading many bytes of a string at once. Its own versions for SSE let the control
// characters 0x1A to 0x1F pass (in 1.1) and go byte by byte to an aligned address; names are shorter than that.
template<>
template<>
inline void weir::reflect::detail::json_parser::ScanCopyUnescapedString<
    weir::reflect::detail::json_text, weir::reflect::detail::json_text>(weir::reflect::detail::json_text& in,
                                                                        weir::reflect::detail::json_text& out) {
    const auto size = static_cast<std::size_t>(weir::reflect::detail::skip_plain(in.src_).end - in.src_);
    if (out.dst_ != in.src_) std::memmove(out.dst_, in.src_, size);
    in.src_ += size;
    out.dst_ += size;
}
