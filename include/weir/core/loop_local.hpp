// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace weir {

/// One T per event loop, for objects that belong to a loop (an HTTP client): created at the first `of(loop)`, destroyed
/// with that loop. All loops share the loop_local itself; access is a hash lookup.
///
///     loop_local<http::client> clients{[](loop& home) { return std::make_unique<http::client>(home); }};
template<class T>
class loop_local {
public:
    explicit loop_local(std::function<std::unique_ptr<T>(loop&)> make) : make_(std::move(make)) {}
    loop_local(const loop_local&) = delete;
    loop_local& operator=(const loop_local&) = delete;

    /// Returns the loop's object. Loop thread only.
    T& of(loop& home) const {
        context& root = home.root_context();
        instances* kept = root.find<instances>();
        if (!kept) kept = &root.attach(instances{});
        std::unique_ptr<T>& mine = kept->of[id_];
        if (!mine) mine = make_(home);
        return *mine;
    }

private:
    struct instances {
        std::unordered_map<std::uint64_t, std::unique_ptr<T>> of;
    };

    static std::uint64_t next_id() noexcept {
        static std::atomic<std::uint64_t> last{0};
        return ++last;
    }

    std::function<std::unique_ptr<T>(loop&)> make_;
    std::uint64_t id_ = next_id(); // not the address, which may be reused
};

} // namespace weir
