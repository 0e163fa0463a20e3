// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/cancel_sender.hpp"
#include "orm/soci/driver.hpp"
#include "orm/soci/soci_session.hpp"

#include <memory>
#include <mutex>
#include <optional>

namespace weir::orm {

// A session with a database server. On cancellation or at the deadline it asks the server to end the statement, which
// keeps the connection usable. A server that doesn't within a short grace period may be frozen while its kernel still
// acknowledges data: then the session shuts the socket down, so that the driver's blocking call returns, and the
// connection is lost. The server may continue the statement until it has closed its end too.
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
    // Call once, with the driver's socket and the request that ends a statement of this connection. Keeps a duplicate
    // descriptor: the driver closes its own when the connection breaks, and the number may be reused by the time a
    // deadline comes. Fails if no descriptor is left.
    result<void> watch(int socket, std::shared_ptr<cancel_request> request, const server_address& at);
    // Drops the connection if the other side's kernel acknowledges nothing for this long, unless the URL sets such a
    // limit.
    void limit_silence(duration silence) noexcept;
    // Shuts the socket down in both directions.
    void hang_up() noexcept;

    void statement_begins() override;
    void statement_ended() noexcept override;
    void arm() override;
    void disarm() noexcept override;
    // Marks the connection as broken. Returns the reason to end the job if that is why the connection was cut.
    error connection_failed(error meaning);

    // Called after a cancel request was sent: makes sure that it doesn't end the next statement.
    virtual void absorb_cancel() noexcept {}

private:
    enum class phase : std::uint8_t {
        idle,
        runs,
        cancelled, // the server was asked to end the statement
        settles,   // the statement has ended, the cancel request may still be under way
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
    bool was_cut() const noexcept;
    bool change_phase(phase to) noexcept;
    void settle() noexcept;

    mutable std::mutex guard_;
    phase phase_ = phase::idle; // guarded, like the members below
    bool cut_ = false;
    bool may_ask_ = true; // if false, a cancelled statement costs the connection at once
    int socket_ = -1;
    const weir::clock* time_ = nullptr;
    time_point cancel_at_{}; // by time_, like the next
    time_point cut_at_{};
    time_point asked_at_{}; // by the system clock, like the next two
    time_point ask_again_at_{};
    time_point cut_since_{};

    std::shared_ptr<cancel_sender> sender_;
    std::shared_ptr<cancel_request> request_;
    duration statement_timeout_{};
    std::optional<std::stop_callback<canceller>> on_stop_;
};

} // namespace weir::orm
