// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace weir {

/// One T on each loop that asks for one, for what belongs to a loop (an HTTP client): made at the first
/// `of(loop)`, destroyed with that loop. The loop_local itself is shared by all loops; asking is a lookup.
///
///     loop_local<http::client> clients{[](loop& home) { return std::make_unique<http::client>(home); }};
template<class T>
class loop_local {
public:
    explicit loop_local(std::function<std::unique_ptr<T>(loop&)> make) : make_(std::move(make)) {}
    loop_local(const loop_local&) = delete;
    loop_local& operator=(const loop_local&) = delete;

    /// On the loop's own thread only.
    T& of(loop& home) const {
        context& root = home.root_context();
        instances* kept = root.find<instances>();
        if (!kept) kept = &root.attach(instances{});
        std::unique_ptr<T>& mine = kept->of[this];
        if (!mine) mine = make_(home);
        return *mine;
    }

private:
    struct instances {
        std::unordered_map<const loop_local*, std::unique_ptr<T>> of;
    };

    std::function<std::unique_ptr<T>(loop&)> make_;
};

} // namespace weir
