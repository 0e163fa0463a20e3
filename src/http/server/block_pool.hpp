// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>

namespace weir::http::detail {

/// Recycles memory blocks of one size for Asio's socket operations, of which a loop has one or two per connection;
/// Asio's own cache keeps only two. Belongs to one loop; must outlive its blocks.
class block_pool {
public:
    static constexpr std::size_t block_size = 152; // a read of Asio 1.81 takes 128, and an idle connection has one

    block_pool() = default;
    block_pool(const block_pool&) = delete;
    block_pool& operator=(const block_pool&) = delete;
    ~block_pool() {
        while (free_) ::operator delete(pop());
    }

    void* take(std::size_t size) {
        if (size > block_size || !free_) return ::operator new(size > block_size ? size : block_size);
        return pop();
    }

    void give(void* block, std::size_t size) noexcept {
        if (size > block_size || kept_ == most_kept) return ::operator delete(block);
        free_ = new (block) node{free_};
        ++kept_;
    }

private:
    static constexpr std::size_t most_kept = 1024;

    struct node {
        node* next;
    };

    void* pop() noexcept {
        node* const first = free_;
        free_ = first->next;
        --kept_;
        return first;
    }

    node* free_ = nullptr;
    std::size_t kept_ = 0;
};

/// An allocator over the pool, to bind to completion handlers.
template<class T>
class block_allocator {
public:
    using value_type = T;

    explicit block_allocator(block_pool& pool) noexcept : pool_(&pool) {}
    template<class U>
    block_allocator(const block_allocator<U>& other) noexcept : pool_(other.pool()) {}

    T* allocate(std::size_t count) { return static_cast<T*>(pool_->take(count * sizeof(T))); }
    void deallocate(T* block, std::size_t count) noexcept { pool_->give(block, count * sizeof(T)); }

    block_pool* pool() const noexcept { return pool_; }

    template<class U>
    friend bool operator==(const block_allocator& a, const block_allocator<U>& b) noexcept {
        return a.pool() == b.pool();
    }

private:
    block_pool* pool_;
};

} // namespace weir::http::detail
