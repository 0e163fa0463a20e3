// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

class loop;

/// The state that travels with a piece of work: its loop, its deadline, the id of the request it serves, and values
/// attached by middleware (the principal, a trace). Each request has its own context; work outside a request uses its
/// loop's. Any task can reach its context:
///
///     auto& ctx = (co_await weir::this_task).context();
///
/// Belongs to one loop; not thread-safe. A reference stays valid while the work runs and while any task spawned from it
/// runs.
class context {
public:
    explicit context(weir::loop& home) noexcept : loop_(&home) {}
    /// A context for a part of the work with its own deadline, which is never later than the outer one. Shares the id
    /// and the values of the outer context and holds it meanwhile.
    context(context& outer, time_point deadline) noexcept;
    context(const context&) = delete;
    context& operator=(const context&) = delete;
    ~context() {
        if (outer_) outer_->drop();
    }

    weir::loop& loop() const noexcept { return *loop_; }

    /// When the work must be done; `time_point::max()` means no limit.
    time_point deadline() const noexcept { return deadline_; }
    void set_deadline(time_point at) noexcept { deadline_ = at; }

    const std::string& request_id() const noexcept { return outer_ ? outer_->request_id_ : request_id_; }
    void set_request_id(std::string_view id) { (outer_ ? outer_->request_id_ : request_id_).assign(id); }

    /// Stores a value by its type until the work ends; replaces an earlier value of the same type.
    template<class T>
    std::decay_t<T>& attach(T&& value) {
        using kept = std::decay_t<T>;
        auto owned = std::make_unique<holder<kept>>(std::forward<T>(value));
        kept& stored = owned->value;
        (outer_ ? *outer_ : *this).replace(std::move(owned));
        return stored;
    }

    /// The attached value of that type, or null.
    template<class T>
    T* find() const noexcept {
        for (const auto& one : outer_ ? outer_->attached_ : attached_)
            if (one->key == key_of<T>()) return &static_cast<holder<T>&>(*one).value;
        return nullptr;
    }

    /// Moves the contents of another context of the same loop into this one and leaves the other empty.
    void take(context& other) noexcept;

    /// Clears everything but the loop, so that the context can be reused.
    void reset() noexcept;

    // For executors: counts the operations and spawned tasks that aren't over yet. Thread-safe.
    void hold() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }
    void drop() noexcept {
        if (holders_.fetch_sub(1, std::memory_order_acq_rel) == kept_bit + 1) keeper_.reset();
    }
    std::size_t holders() const noexcept { return holders_.load(std::memory_order_relaxed); }
    /// Keeps the context's owner alive while the context is held. Call once.
    void keep_while_held(std::shared_ptr<void> owner) noexcept;

private:
    static constexpr std::size_t kept_bit = ~(~std::size_t{} >> 1);

    using type_key = const void*;

    struct holder_base {
        explicit holder_base(type_key k) noexcept : key(k) {}
        virtual ~holder_base() = default;
        type_key key;
    };

    template<class T>
    struct holder final : holder_base {
        template<class U>
        explicit holder(U&& v) : holder_base(key_of<T>()), value(std::forward<U>(v)) {}
        T value;
    };

    template<class T>
    static type_key key_of() noexcept {
        static const char unique = 0;
        return &unique;
    }

    void replace(std::unique_ptr<holder_base> owned);

    weir::loop* loop_;
    context* outer_ = nullptr; // the outermost context
    time_point deadline_ = time_point::max();
    std::string request_id_;
    std::vector<std::unique_ptr<holder_base>> attached_;
    std::atomic<std::size_t> holders_{0}; // and kept_bit once keeper_ is set
    std::shared_ptr<void> keeper_;
};

} // namespace weir
