// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

namespace weir::reflect::detail {

/// What read_json does where the quick reader gives up, and what tests compare the quick reader with.
result<void> read_json_thoroughly(std::string_view text, void* into, const json_type& type,
                                  const json_options& options);

} // namespace weir::reflect::detail
