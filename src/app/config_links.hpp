// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::config {

/// Whether the text is a service address in the format of Kubernetes and Docker: `tcp://10.0.0.1:8080`.
bool is_service_url(std::string_view text) noexcept;

/// Whether Kubernetes or a Docker link sets this variable in every container that can reach a service; name and value
/// must both match. `WEB_SERVICE_HOST=10.0.0.1`, `WEB_SERVICE_PORT=80`, `WEB_SERVICE_PORT_HTTP=80`,
/// `WEB_PORT=tcp://10.0.0.1:80`, `WEB_PORT_80_TCP=tcp://10.0.0.1:80`, and `WEB_PORT_80_TCP_PROTO`, `_PORT`, `_ADDR`.
bool is_service_link(std::string_view name, std::string_view text);

} // namespace weir::config
