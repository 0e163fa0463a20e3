// SPDX-License-Identifier: MIT
#pragma once

#include "orm/cancel_sender.hpp"
#include "orm/soci_session.hpp"

#include <memory>
#include <mutex>
#include <optional>

namespace weir::orm {

// A session whose database is another process. When a statement's task is cancelled or its deadline comes, the server
// is asked to end the statement: the connection stays good. A server that doesn't within a short grace may be frozen
// while its kernel still acknowledges what it is sent: the socket is shut down then, so that the driver's blocking call
// returns, and the connection is lost. Until the server has closed its end as well, it may go on with the statement.
class network_session : public soci_session {
public:
    using soci_session::soci_session;
    ~network_session() override;

    void end_job() noexcept override;
    bool looks_alive() noexcept override;
    bool answers(duration within) override;
    void enforce() noexcept override;
    bool gone() const noexcept override;

protected:
    // Once, with the driver's socket. Kept is a descriptor of its own: the driver closes its one when the connection
    // breaks, and the number may be another's by the time a deadline comes. False: there are no more descriptors.
    bool watch(int socket) noexcept;
    // Once, with how the server is asked to end a statement of this connection, and how long a statement runs at most.
    void cancels_by(std::shared_ptr<cancel_sender> sender, std::shared_ptr<cancel_request> request,
                    duration statement_timeout) noexcept;
    // The connection is lost when the other side's system acknowledges nothing for so long, unless the URL's options
    // say how long.
    void limit_silence(duration silence) noexcept;
    // Nothing is sent or received any more.
    void hang_up() noexcept;

    void statement_begins() override;
    void statement_ended() noexcept override;
    void arm() override;
    void disarm() noexcept override;
    bool was_cut() const noexcept;

    // After a request to end a statement was sent: makes sure that it doesn't end the next one.
    virtual void absorb_cancel() noexcept {}

private:
    enum class phase : std::uint8_t {
        idle,
        runs,
        cancelled, // the server is asked to end the statement
        settles,   // the statement has ended, the request may be under way yet
    };

    struct canceller {
        network_session* self;
        void operator()() const noexcept { self->cancel(); }
    };

    void cancel() noexcept;
    void cancel_now() noexcept;
    void cancel_again(time_point now) noexcept;
    void ask_before_cutting(bool ask) noexcept;
    void cut_now() noexcept;
    bool change_phase(phase to) noexcept;
    void settle() noexcept;

    mutable std::mutex guard_;
    phase phase_ = phase::idle; // guarded, as what follows
    bool cut_ = false;
    bool may_ask_ = true; // else a cancelled statement costs the connection at once
    int socket_ = -1;
    const weir::clock* time_ = nullptr;
    time_point cancel_at_{}; // by time_, as the next
    time_point cut_at_{};
    time_point asked_at_{}; // by the machine's clock, as the next
    time_point ask_again_at_{};
    time_point cut_since_{};

    std::shared_ptr<cancel_sender> sender_;
    std::shared_ptr<cancel_request> request_;
    duration statement_timeout_{};
    std::optional<std::stop_callback<canceller>> on_stop_;
};

} // namespace weir::orm
