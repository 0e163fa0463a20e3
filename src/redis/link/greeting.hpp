// SPDX-License-Identifier: MIT
#pragma once

#include "redis/wire/url.hpp"
#include <weir/redis/client_options.hpp>
#include <weir/redis/detail/call.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weir::redis::detail {

/// The commands that begin every connection: AUTH, SELECT, CLIENT SETNAME, READONLY or ROLE.
struct greeting_plan {
    enum class step : std::uint8_t { auth, select, name, role };

    greeting_plan() = default;
    greeting_plan(const std::string& user, const std::string& password, int database, const std::string& name,
                  bool master_only);

    std::string bytes{};
    std::vector<step> steps{};
};

/// A greeting on its way. Fails if the server refuses access or the database, or isn't a master where one is wanted. A
/// refused name doesn't matter.
class greeting final : public call {
public:
    explicit greeting(std::function<void(error)> then) : then_(std::move(then)) {}

    void begin(const greeting_plan& plan);
    void accept(reply_view one) override;

private:
    void done() noexcept override { then_(failure); }

    std::function<void(error)> then_;
    const greeting_plan* plan_ = nullptr;
    std::size_t next_ = 0;
};

} // namespace weir::redis::detail
