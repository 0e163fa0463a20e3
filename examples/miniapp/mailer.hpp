// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/observe/log.hpp>

#include <memory>
#include <string>

namespace miniapp {

struct mail {
    std::string to{};
    std::string subject{}; // ASCII
    std::string text{};    // UTF-8
    std::string id{};      // the same for each attempt to send the mail; becomes its Message-ID
};

/// Sends mails. Shared by all loops.
class mailer {
public:
    virtual ~mailer() = default;

    /// Succeeds when the mail server has taken the mail. errc::unavailable while it is away, busy or late;
    /// errc::invalid_argument with the code `permanent` if it refuses the mail for good. `one` must last until the task
    /// ends.
    virtual weir::task<weir::result<void>> send(const mail& one) = 0;
};

/// Writes each mail to the log instead of sending it.
class log_mailer final : public mailer {
public:
    explicit log_mailer(const weir::logger& log) : log_(log) {}

    weir::task<weir::result<void>> send(const mail& one) override;

private:
    const weir::logger& log_;
};

/// Checks mail.url: empty, or an address that this build can send to.
weir::result<void> check_mail(const mail_settings& chosen);

/// The mailer of the settings: a log_mailer if mail.url is empty, else an SMTP client.
std::unique_ptr<mailer> mailer_of(const mail_settings& chosen, const weir::logger& log);

} // namespace miniapp
