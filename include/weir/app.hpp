// SPDX-License-Identifier: MIT
#pragma once

#include <weir/app/app.hpp>
