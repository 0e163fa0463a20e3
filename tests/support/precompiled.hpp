// SPDX-License-Identifier: MIT
// The headers that most tests include, precompiled per suite (WEIR_PCH). Each test still includes what it uses.
#pragma once

#include "support/print.hpp"
#include <weir/core/loop.hpp>
#include <weir/core/task.hpp>
#include <weir/reflect/json.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>
