// SPDX-License-Identifier: MIT
#pragma once

#include "mailer.hpp"
#include <weir/core/blocking_pool.hpp>

namespace miniapp {

/// Sends mails over SMTP (RFC 5321) by libcurl, which blocks: each connection has a thread. Uses TLS where the server
/// offers it, and always with smtps://. A call is cut off by its deadline, its cancellation and mail.timeout.
class smtp_mailer final : public mailer {
public:
    explicit smtp_mailer(mail_settings settings);
    ~smtp_mailer() override;

    weir::task<weir::result<void>> send(const mail& one) override;

private:
    const mail_settings settings_;
    weir::blocking_pool threads_;
};

} // namespace miniapp
