// SPDX-License-Identifier: MIT
#pragma once

// The file is longer than the fixture allows.
int line_1();
int line_2();
int line_3();
int line_4();
int line_5();
int line_6();
int line_7();
int line_8();
int line_9();
int line_10();
int line_11();
int line_12();
