// SPDX-License-Identifier: MIT
#pragma once

#define WEIR_FIELD(x) x
