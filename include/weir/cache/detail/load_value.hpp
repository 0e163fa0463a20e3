// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cached.hpp>
#include <weir/core/deadline.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

/// A loader that owns all that it uses, so it may run after its caller has ended: a stale value is then served at once
/// and replaced in the background. A function and a lambda without captures need no such mark.
///
///     co_await rooms.get_or(key, weir::background_load([this, id] { return load(id); }));
template<class F>
class background_load {
public:
    explicit background_load(F load) : load_(std::move(load)) {}
    auto operator()() { return load_(); }

private:
    F load_;
};

namespace detail {

template<class F>
inline constexpr bool runs_in_background = std::is_empty_v<F> ||
                                           (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>);
template<class F>
inline constexpr bool runs_in_background<background_load<F>> = true;

template<class V>
loaded_value<V> as_loaded(V value) {
    return {.value = std::make_shared<const V>(std::move(value))};
}
template<class V>
loaded_value<V> as_loaded(std::optional<V> value) {
    if (!value) return {};
    return as_loaded<V>(std::move(*value));
}
template<class V>
loaded_value<V> as_loaded(std::shared_ptr<const V> value) noexcept {
    return {.value = std::move(value)};
}
template<class V>
loaded_value<V> as_loaded(loaded_value<V> value) noexcept {
    return value;
}

template<class V, class X>
concept loads = std::same_as<X, V> || std::same_as<X, std::optional<V>> || std::same_as<X, std::shared_ptr<const V>> ||
    std::same_as<X, loaded_value<V>>;

// Calls the loader. Exceptions become errors.
template<class V, class F>
task<result<loaded_value<V>>> load_value(F& load) {
    auto outcome = co_await resilience::detail::call(load);
    error failed;
    try {
        if (outcome) co_return as_loaded<V>(std::move(*outcome));
        failed = outcome.error();
    } catch (...) {
        failed = current_error();
    }
    co_return failed;
}

template<class V, class F>
task<result<loaded_value<V>>> load_value_within(duration limit, F& load) {
    if (limit == duration::max()) return load_value<V>(load);
    return with_timeout(limit, load_value<V>(load));
}

} // namespace detail
} // namespace weir
