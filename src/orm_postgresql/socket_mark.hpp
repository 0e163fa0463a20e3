// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::orm {

// Finds the socket on which libpq opens a connection, which it shows only when it is done: libpq gives the socket a
// TCP_USER_TIMEOUT from its options, and no other socket of the process has this one. Unix domain sockets have none.
class socket_mark {
public:
    socket_mark();

    // For the connection's URL.
    std::string option() const;
    // Shuts down every socket that carries the mark: what waits for one goes on with an error.
    void shut_sockets() const noexcept;
    // Closes every such descriptor; false when there is none.
    bool close_sockets() const noexcept;
    // Gives the socket what the URL asks for, or the system's default.
    void take_from(int socket, std::string_view url) const noexcept;

private:
    unsigned milliseconds_;
};

} // namespace weir::orm
