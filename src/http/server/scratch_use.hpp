// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/session.hpp"

#include <utility>

namespace weir::http::detail {

/// Marks the loop's scratch memory as in use while a session runs. When a handler of another session ends meanwhile
/// (user code may resume it), that session answers in a later turn: its answer would be sent with the output that this
/// session has rendered and not sent yet.
class scratch_use {
public:
    explicit scratch_use(session_host& host) : host_(host), before_(std::exchange(host.working, true)) {}
    ~scratch_use() { host_.working = before_; }
    scratch_use(const scratch_use&) = delete;
    scratch_use& operator=(const scratch_use&) = delete;

private:
    session_host& host_;
    const bool before_;
};

} // namespace weir::http::detail
