// SPDX-License-Identifier: MIT
// Prints a free port of 127.0.0.1, for servers with a port fixed in their source.
#include "support/socket.hpp"

#include <cstdio>
#include <exception>

int main() {
    try {
        std::printf("%u\n", unsigned{weir::bench::port_of(weir::bench::listen_on_loopback())});
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "free_port: %s\n", failure.what());
        return 1;
    }
}
