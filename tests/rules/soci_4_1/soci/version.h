// SPDX-License-Identifier: MIT
#pragma once

#define SOCI_VERSION 400100
