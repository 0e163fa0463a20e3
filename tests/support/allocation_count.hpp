// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <new>

namespace test_support {

inline thread_local std::size_t allocated =
    0; // of the calling thread; counts only if the program includes allocations.hpp

// Returns the number of allocations while `f` runs.
template<class F>
std::size_t allocations(F&& f) {
    const std::size_t before = allocated;
    f();
    return allocated - before;
}

inline thread_local std::size_t allocations_left = std::numeric_limits<std::size_t>::max();

// Runs `f` and makes the allocation after `many` fail; returns false if `f` throws because of it. With a sanitizer that
// replaces operator new it succeeds.
template<class F>
bool with_allocations(std::size_t many, F&& f) {
    allocations_left = many;
    bool done = true;
    try {
        f();
    } catch (const std::bad_alloc&) {
        done = false;
    }
    allocations_left = std::numeric_limits<std::size_t>::max();
    return done;
}

} // namespace test_support
