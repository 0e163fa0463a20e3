// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/driver.hpp>
