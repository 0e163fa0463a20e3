// SPDX-License-Identifier: MIT
#pragma once

#include <rapidjson/reader.h>
#include <weir/observe/sibling.hpp>

namespace weir::reflect::detail {}
