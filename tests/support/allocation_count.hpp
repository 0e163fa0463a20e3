// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <new>

namespace support {

inline thread_local std::size_t allocated = 0; // by the calling thread, where allocations.hpp is in the program

// How many there are while `f` runs.
template<class F>
std::size_t allocations(F&& f) {
    const std::size_t before = allocated;
    f();
    return allocated - before;
}

inline thread_local std::size_t allocations_left = std::numeric_limits<std::size_t>::max();

// Runs `f`, in which the allocation after `many` fails; false when `f` throws because of it. A sanitizer that brings
// its own operator new lets it succeed.
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

} // namespace support
