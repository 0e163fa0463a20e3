// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/higher.hpp>
