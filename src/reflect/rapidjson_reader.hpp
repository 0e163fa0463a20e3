// SPDX-License-Identifier: MIT
#pragma once

#include "reflect/json_text.hpp"

// RapidJSON in a separate namespace, so that it doesn't clash with an application's RapidJSON with other settings.
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

// RapidJSON's hook for scanning many bytes of a string at once. Its own SSE versions accept the control characters 0x1A
// to 0x1F (in 1.1) and go byte by byte up to an aligned address, which names rarely reach.
template<>
template<>
inline void weir::reflect::detail::json_parser::ScanCopyUnescapedString<
    weir::reflect::detail::json_text, weir::reflect::detail::json_text>(
    weir::reflect::detail::json_text& in, weir::reflect::detail::json_text& out) {
    const auto size = static_cast<std::size_t>(weir::reflect::detail::skip_plain(in.src_).end - in.src_);
    if (out.dst_ != in.src_) std::memmove(out.dst_, in.src_, size);
    in.src_ += size;
    out.dst_ += size;
}
