// SPDX-License-Identifier: MIT

int unguarded();
