// SPDX-License-Identifier: MIT
#include "http/server/address_limit.hpp"

#include <random>
#include <utility>

namespace weir::http::detail {

namespace ip = boost::asio::ip;

namespace {

std::uint64_t random_seed() {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

} // namespace

// Multiply-shift (Dietzfelbinger et al. 1997), universal for a random odd factor.
std::size_t address_limit::seeded_hash::operator()(client one) const noexcept { return one * (seed | 1) >> 32; }

address_limit::address_limit(std::size_t most, network_list unlimited)
    : most_(most), unlimited_(std::move(unlimited)), open_(0, seeded_hash{random_seed()}) {}

std::optional<address_limit::client> address_limit::enter(const ip::address& from) {
    if (most_ == 0) return uncounted;
    const auto address = unmapped(from);
    if (unlimited_.holds(address)) return uncounted;
    const client one = client_network(address);
    const std::lock_guard lock(mutex_);
    auto& count = open_[one];
    if (count >= most_) return {};
    ++count;
    return one;
}

void address_limit::leave(client one) noexcept {
    if (one == uncounted) return;
    const std::lock_guard lock(mutex_);
    const auto at = open_.find(one);
    if (--at->second == 0) open_.erase(at);
}

std::size_t address_limit::clients() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
}

} // namespace weir::http::detail
