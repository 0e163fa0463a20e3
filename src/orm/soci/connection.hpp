// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/job_limits.hpp"
#include <weir/orm/detail/session.hpp>

#include <functional>
#include <memory>
#include <stop_token>

namespace weir::orm {

// A session as its pool sees it. Used by one thread at a time, except enforce().
class connection : public session {
public:
    // Begins a job: until end_job statements end at these limits.
    virtual void begin_job(const job_limits& limits) = 0;
    // Rolls back an open transaction.
    virtual void end_job() noexcept = 0;

    // The connection or the file is lost: must not be used again.
    virtual bool broken() const noexcept = 0;
    // Whether the other side has closed a broken connection too. Until then it still occupies the server.
    virtual bool gone() const noexcept { return true; }

    // Whether the other side is still there, as far as is visible without a round trip.
    virtual bool looks_alive() noexcept { return true; }
    // Asks the other side; false without a valid answer in time.
    virtual bool answers(duration within) = 0;

    // Cuts off a statement past its end, if the driver can't do so itself. Called by the pool's housekeeping thread.
    virtual void enforce() noexcept {}
};

// Opens a ready-to-use connection within its own connect timeout, or until stopped. errc::unavailable with the reason
// as its cause.
using connector = std::function<result<std::unique_ptr<connection>>(std::stop_token)>;

} // namespace weir::orm
