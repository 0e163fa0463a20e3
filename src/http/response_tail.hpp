// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/body_writer.hpp>
#include <weir/http/file_body.hpp>

#include <functional>
#include <variant>

namespace weir::http::detail {

struct streamed_body {
    body_source source{};
    std::optional<std::uint64_t> size{};
    bool endless = false;
};

/// What runs on the connection after 101: it owns input and output until its task ends, by false when there
/// is nobody to say goodbye to.
struct upgrade {
    std::function<task<bool>(running_exchange&)> run{};
};

/// What follows a response's head where that isn't its `body`.
struct response_tail {
    std::variant<file_range, streamed_body, upgrade> kind;
};

/// The size of the body that the tail makes, where that is known.
std::optional<std::uint64_t> announced_size(const response_tail& tail) noexcept;

} // namespace weir::http::detail
