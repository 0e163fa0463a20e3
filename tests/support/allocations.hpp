// SPDX-License-Identifier: MIT
// Counts the calling thread's allocations. Replaces the program's operator new: for one file of a program.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#ifdef __clang__
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_SANITIZER_ALLOCATES
#endif
#endif

namespace support {

inline thread_local std::size_t allocated = 0;

// How many there are while `f` runs.
template<class F>
std::size_t allocations(F&& f) {
    const std::size_t before = allocated;
    f();
    return allocated - before;
}

} // namespace support

#ifdef WEIR_SANITIZER_ALLOCATES

// clang's sanitizers bring their own operator new and tell about what they hand out.
#include <sanitizer/allocator_interface.h>

namespace support {

inline const int counting = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++allocated; }, [](const volatile void*) {});

} // namespace support

#else

// NOLINTBEGIN(misc-definitions-in-headers): replacements can't be inline
void* operator new(std::size_t size) {
    ++support::allocated;
    if (void* got = std::malloc(size)) return got;
    throw std::bad_alloc();
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
// NOLINTEND(misc-definitions-in-headers)

#endif
