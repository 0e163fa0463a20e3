// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/fine.hpp>
