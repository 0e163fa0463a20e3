// SPDX-License-Identifier: MIT
// Counts the calling thread's allocations by replacing the program's operator new. Include in one file of a program.
#pragma once

#include "support/allocation_count.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

#ifdef __clang__
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_SANITIZER_ALLOCATES
#endif
#endif

#ifdef WEIR_SANITIZER_ALLOCATES

// clang's sanitizers replace operator new and provide their own statistics.
#include <sanitizer/allocator_interface.h>

namespace test_support {

inline const int counting = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++allocated; }, [](const volatile void*) {});

} // namespace test_support

#else

// NOLINTBEGIN(misc-definitions-in-headers): replacement functions can't be inline
void* operator new(std::size_t size) {
    ++test_support::allocated;
    if (test_support::allocations_left-- == 0) throw std::bad_alloc();
    if (void* got = std::malloc(size)) return got;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++test_support::allocated;
    return test_support::allocations_left-- == 0 ? nullptr : std::malloc(size);
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
// NOLINTEND(misc-definitions-in-headers)

#endif
