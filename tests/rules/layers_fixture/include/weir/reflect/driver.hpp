// SPDX-License-Identifier: MIT
#pragma once

#include <rapidjson/reader.h>
