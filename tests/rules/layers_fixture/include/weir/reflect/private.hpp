// SPDX-License-Identifier: MIT
#pragma once

#include "reflect/detail.hpp"
