// SPDX-License-Identifier: MIT
#include "mailer.hpp"

#include "smtp_mailer.hpp"

namespace miniapp {

weir::task<weir::result<void>> log_mailer::send(const mail& one) {
    log_.info("mail (mail.url is empty: not sent)", weir::field("to", one.to), weir::field("subject", one.subject),
              weir::field("id", one.id));
    co_return weir::ok();
}

weir::result<void> check_mail(const mail_settings& chosen) {
    if (chosen.url.empty()) return weir::ok();
#ifdef MINIAPP_WITH_SMTP
    if (chosen.url.starts_with("smtp://") || chosen.url.starts_with("smtps://")) return weir::ok();
    return weir::error(weir::errc::invalid_argument, "mail.url: accepted smtp://host:port, smtps://host:port or empty");
#else
    return weir::error(weir::errc::invalid_argument,
                       "mail.url: this program was built without libcurl and can't send mails; accepted: empty");
#endif
}

std::unique_ptr<mailer> mailer_of(const mail_settings& chosen, const weir::logger& log) {
#ifdef MINIAPP_WITH_SMTP
    if (!chosen.url.empty()) return std::make_unique<smtp_mailer>(chosen);
#endif
    return std::make_unique<log_mailer>(log);
}

} // namespace miniapp
