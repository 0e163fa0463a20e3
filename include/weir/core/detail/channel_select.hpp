// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/detail/channel_operation.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <variant>

namespace weir::detail {

// Locks several channels in an order that is the same for all callers.
class channel_locks {
public:
    explicit channel_locks(std::span<channel_base*> all) noexcept;
    channel_locks(const channel_locks&) = delete;
    channel_locks& operator=(const channel_locks&) = delete;
    ~channel_locks();

private:
    std::span<channel_base*> all_;
};

// Tries each operation, beginning with the one that `die` picks; returns whether one is over.
bool attempt_any(std::span<channel_operation* const> all, std::uint32_t die) noexcept;
// As attempt_any, but if no operation is over, the task waits for all of them.
bool attempt_any_or_wait(std::span<channel_operation* const> all, std::span<channel_base*> channels, std::uint32_t die,
                         parked_task& task) noexcept;

template<class... Ops>
class select_operation final : public awaited_operation {
public:
    using value = std::variant<result<typename Ops::value>...>;

    explicit select_operation(Ops&&... all) noexcept : all_(std::move(all)...) {}
    select_operation(select_operation&&) noexcept = default;

    // The conversion to a task, for functions that take one.
    operator task<result<value>>() && { return as_task(std::move(*this)); } // NOLINT(google-explicit-constructor)

    bool over() const noexcept { return end_ != channel_end::none || winner() < sizeof...(Ops); }
    void end_with(channel_end how) noexcept { end_ = how; }
    bool attempt(std::uint32_t die) noexcept { return attempt_any(pointers(), die); }
    bool attempt_or_wait(parked_task& task, std::uint32_t die) noexcept {
        auto channels = std::apply([](auto&... one) { return std::array{&one.in()...}; }, all_);
        return attempt_any_or_wait(pointers(), channels, die, task);
    }
    void leave() noexcept {
        for (channel_operation* const one : pointers()) one->leave();
    }

    result<value> outcome() {
        if (end_ != channel_end::none) return result<value>(boost::system::in_place_error, end_error(end_));
        return outcome_of(winner());
    }

private:
    static task<result<value>> as_task(select_operation one) { co_return co_await std::move(one); }

    auto pointers() noexcept {
        return std::apply([](auto&... one) { return std::array<channel_operation*, sizeof...(Ops)>{&one...}; }, all_);
    }

    // The index of the operation that is over, or the number of operations if none is.
    std::size_t winner() const noexcept {
        std::size_t at = 0;
        std::apply([&at](auto&... one) { ((one.over() || (++at, false)) || ...); }, all_);
        return at;
    }

    template<std::size_t I = 0>
    result<value> outcome_of(std::size_t at) {
        if constexpr (I + 1 < sizeof...(Ops))
            if (at != I) return outcome_of<I + 1>(at);
        return result<value>(boost::system::in_place_value, std::in_place_index<I>, std::get<I>(all_).outcome());
    }

    std::tuple<Ops...> all_;
    channel_end end_ = channel_end::none;
};

} // namespace weir::detail
