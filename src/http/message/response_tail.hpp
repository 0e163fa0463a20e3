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

/// Runs on the connection after 101. It owns input and output until its task ends; the result is false if there is no
/// peer left to close with.
struct upgrade {
    std::function<task<bool>(request_task&)> run{};
};

/// The rest of a response after its head, if that isn't its `body`.
struct response_tail {
    std::variant<file_range, streamed_body, upgrade> kind;
};

/// Returns the size of the tail's body, if it is known.
std::optional<std::uint64_t> announced_size(const response_tail& tail) noexcept;

} // namespace weir::http::detail
