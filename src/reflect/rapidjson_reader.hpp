// SPDX-License-Identifier: MIT
#pragma once

// RapidJSON under a name of weir's own: an application's RapidJSON with other settings stays apart.
#define RAPIDJSON_NAMESPACE weir_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace weir_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#endif

#include <rapidjson/reader.h>
