// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/server.hpp>

namespace test_support {

/// Options of a server on a free loopback port.
inline weir::server_options loopback(unsigned loops = 1) {
    weir::server_options options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.loops = loops;
    return options;
}

} // namespace test_support
