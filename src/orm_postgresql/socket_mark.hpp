// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::orm {

// Finds the socket on which libpq opens a connection, before libpq exposes it: libpq sets TCP_USER_TIMEOUT from its
// options, and no other socket of the process has this value. Unix domain sockets have no such option.
class socket_mark {
public:
    socket_mark();

    // The option for the connection's URL.
    std::string option() const;
    // Shuts down every socket with the mark; calls blocked on one fail.
    void shut_sockets() const noexcept;
    // Closes every descriptor with the mark; false if there is none.
    bool close_sockets() const noexcept;
    // Restores the value from the URL, or the system's default.
    void take_from(int socket, std::string_view url) const noexcept;

private:
    unsigned milliseconds_;
};

} // namespace weir::orm
