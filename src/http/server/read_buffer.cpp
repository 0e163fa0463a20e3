// SPDX-License-Identifier: MIT
#include "http/server/read_buffer.hpp"

#include <new>
#include <sys/mman.h>

namespace weir::http::detail {

void unmap_buffer::operator()(char* bytes) const noexcept { ::munmap(bytes, read_buffer_size); }

read_buffer map_buffer() {
    void* const pages = ::mmap(nullptr, read_buffer_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    return read_buffer(static_cast<char*>(pages));
}

} // namespace weir::http::detail
