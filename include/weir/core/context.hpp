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

/// What travels with a piece of work without being passed by hand: the loop it runs on, its deadline,
/// the id of the request it serves, and values that middleware attached (the principal, a trace).
/// A request has its own; work outside a request sees its loop's. Any task reaches it:
///
///     auto& ctx = (co_await weir::this_task).context();
///
/// Belongs to one loop; not thread-safe. References to it are valid while the work runs, and while a task that was
/// spawned from it does.
class context {
public:
    explicit context(weir::loop& home) noexcept : loop_(&home) {}
    /// For a part of that work, which has to be done earlier: a deadline of its own, never later than the outer one.
    /// The id and the values are those of the outer context, which is held meanwhile.
    context(context& outer, time_point deadline) noexcept;
    context(const context&) = delete;
    context& operator=(const context&) = delete;
    ~context() {
        if (outer_) outer_->drop();
    }

    weir::loop& loop() const noexcept { return *loop_; }

    /// When the work has to be done; `time_point::max()` where nothing limits it.
    time_point deadline() const noexcept { return deadline_; }
    void set_deadline(time_point at) noexcept { deadline_ = at; }

    const std::string& request_id() const noexcept { return outer_ ? outer_->request_id_ : request_id_; }
    void set_request_id(std::string_view id) { (outer_ ? outer_->request_id_ : request_id_).assign(id); }

    /// Keeps a value by its type until the work ends; a second one of the same type replaces the first.
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

    /// Takes over what another context of the loop holds; that one is as new afterwards.
    void take(context& other) noexcept;

    /// Forgets everything but the loop, for the next piece of work.
    void reset() noexcept;

    // For executors: counts those of operations and spawned tasks that aren't over yet. Thread-safe.
    void hold() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }
    void drop() noexcept {
        if (holders_.fetch_sub(1, std::memory_order_acq_rel) == kept_bit + 1) keeper_.reset();
    }
    std::size_t holders() const noexcept { return holders_.load(std::memory_order_relaxed); }
    /// Keeps the context's owner for as long as the context is held; once.
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
    context* outer_ = nullptr; // the outermost one
    time_point deadline_ = time_point::max();
    std::string request_id_;
    std::vector<std::unique_ptr<holder_base>> attached_;
    std::atomic<std::size_t> holders_{0}; // and kept_bit once keeper_ is set
    std::shared_ptr<void> keeper_;
};

} // namespace weir
