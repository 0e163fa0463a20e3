// SPDX-License-Identifier: MIT
#pragma once

#include "http/middleware/origin_check.hpp"
#include <weir/http/middleware/sessions.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

class session_layer;

/// A request's session, once loaded. The outermost layer's slot is attached to the request's context, and so lives as
/// long as a handler may refer to the session; inner layers' slots hang on it.
struct session_slot {
    const session_layer* layer = nullptr;
    std::optional<weir::session> opened{};
    std::unique_ptr<session_slot> inner{};
    session_slot* outside = nullptr; // of the next layer outwards
    session_slot* active = nullptr;  // of the outermost slot: the one that handlers see; null outside of all layers
};

/// The layer `sessions` of a router. Immutable but for the store, and thread-safe.
class session_layer {
public:
    session_layer(session_store& store, sessions_options options);

    result<void> check(const request& req) const;
    task<response> serve(request& req, next rest) const;
    task<result<weir::session*>> open(request& req, session_slot& slot) const;

private:
    bool by_header(const request& req) const noexcept;
    std::string_view id_in(const request& req) const noexcept;
    result<void> tell(const request& req, response& res, const session_token& token) const;
    task<error> finish(request& req, session_slot& slot, response& res) const;
    set_cookie cookie_with(std::string id) const;

    sessions_options options_;
    session_keeper keeper_;
    std::optional<origin_check> origin_;
};

} // namespace weir::http::detail
