// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci_session.hpp"

#include <mutex>
#include <optional>

namespace weir::orm {

// A session whose database is another process. That process may be frozen, and its kernel still acknowledges what it
// is sent: at a statement's end of time, or when its task is cancelled, weir shuts the socket down, so that the
// driver's blocking call returns. The connection is lost then; the server notices that nobody listens and gives up
// what it was doing.
class network_session : public soci_session {
public:
    using soci_session::soci_session;
    ~network_session() override;

    void begin_job(const job_limits& limits) override;
    void end_job() noexcept override;
    bool looks_alive() noexcept override;
    bool answers(duration within) override;
    void enforce() noexcept override;

protected:
    // Once, with the driver's socket. Kept is a descriptor of its own: the driver closes its one when the connection
    // breaks, and the number may be another's by the time a deadline comes. False: there are no more descriptors.
    bool watch(int socket) noexcept;
    // Nothing is sent or received any more.
    void hang_up() noexcept;

    void statement_begins() override;
    void statement_ended() noexcept override;
    void shield() noexcept override;
    bool was_cut() const noexcept;

private:
    struct cutter {
        network_session* self;
        void operator()() const noexcept { self->cut(); }
    };

    void cut() noexcept;
    void cut_now() noexcept;

    mutable std::mutex guard_;
    bool running_ = false; // guarded, as what follows
    bool cut_ = false;
    int socket_ = -1;
    time_point ends_{};
    const weir::clock* time_ = nullptr;

    std::optional<std::stop_callback<cutter>> on_stop_;
};

} // namespace weir::orm
