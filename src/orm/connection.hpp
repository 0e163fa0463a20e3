// SPDX-License-Identifier: MIT
#pragma once

#include "orm/job_limits.hpp"
#include <weir/orm/session.hpp>

#include <functional>
#include <memory>
#include <stop_token>

namespace weir::orm {

// A session as its pool sees it. On one thread at a time but for enforce().
class connection : public session {
public:
    // A job begins: until end_job its statements end at these limits.
    virtual void begin_job(const job_limits& limits) = 0;
    // Rolls back what is open.
    virtual void end_job() noexcept = 0;

    // Not to be used again: the connection or the file is gone.
    virtual bool broken() const noexcept = 0;
    // Of one that is broken: whether the other side has let go of it too. One that hasn't still costs the server.
    virtual bool gone() const noexcept { return true; }

    // Whether the other side is still there, as far as that shows without asking it.
    virtual bool looks_alive() noexcept { return true; }
    // Asks it; false when it doesn't answer well within the time.
    virtual bool answers(duration within) = 0;

    // From the pool's housekeeper, on a thread of its own: cuts off a statement that is past its end, where the
    // driver can't see to that by itself.
    virtual void enforce() noexcept {}
};

// Opens a connection, ready for use, within its own connect timeout, earlier when stopped. errc::unavailable; the
// cause says why.
using connector = std::function<result<std::unique_ptr<connection>>(std::stop_token)>;

} // namespace weir::orm
