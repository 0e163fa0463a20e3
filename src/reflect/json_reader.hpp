// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

namespace weir::reflect::detail {

/// The fallback of read_json when the quick reader gives up; tests also compare the quick reader with it.
result<void> read_json_thoroughly(std::string_view text, void* into, const json_type& type,
                                  const json_options& options);

} // namespace weir::reflect::detail
