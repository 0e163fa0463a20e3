// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_interrupt.hpp"
#include <weir/core/task.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace weir::http {

/// How many connections to one host may be open at once. Whoever finds no room
/// waits in line; room that becomes free goes to the first in line, so nobody
/// overtakes. Loop-local.
class client_slots {
    struct state;

public:
    /// Room for one connection to one host, until it goes.
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

    /// 0: as many as there are calls.
    explicit client_slots(std::size_t most_per_host);

    /// A slot when one is free.
    slot try_take(const std::string& key);
    /// A slot when it's this call's turn; none when `stop` was raised first.
    task<slot> take(std::string key, client_interrupt& stop);
    std::size_t waiting() const noexcept;

private:
    std::shared_ptr<state> all_;
};

} // namespace weir::http
