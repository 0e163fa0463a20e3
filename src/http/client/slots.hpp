// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/interrupt.hpp"
#include <weir/core/task.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace weir::http::detail {

/// Limits the connections open at once to one host. Calls beyond the limit wait in a queue, first in, first out.
/// Loop-local.
class client_slots {
    struct state;

public:
    /// Permission for one connection to one host, for its lifetime.
    class slot {
    public:
        slot() = default;
        slot(slot&& other) noexcept : all_(std::move(other.all_)), host_(std::exchange(other.host_, nullptr)) {}
        slot& operator=(slot&& other) noexcept {
            std::swap(all_, other.all_);
            std::swap(host_, other.host_);
            return *this;
        }
        ~slot();

        explicit operator bool() const noexcept { return host_ != nullptr; }

    private:
        friend class client_slots;
        slot(std::shared_ptr<state> all, void* host) noexcept : all_(std::move(all)), host_(host) {}

        std::shared_ptr<state> all_;
        void* host_ = nullptr; // the host's entry in all_
    };

    /// 0: no limit.
    explicit client_slots(std::size_t most_per_host);

    /// Returns a slot if one is free.
    slot try_take(const std::string& key);
    /// Waits for a slot; returns an empty one if `stop` is raised first.
    task<slot> take(std::string key, client_interrupt& stop);
    std::size_t waiting() const noexcept;

private:
    std::shared_ptr<state> all_;
};

} // namespace weir::http::detail
