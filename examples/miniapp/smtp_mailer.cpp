// SPDX-License-Identifier: MIT
#include "smtp_mailer.hpp"

#include <weir/mq/queue.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <curl/curl.h>
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>

namespace miniapp {

using weir::errc;
using weir::error;
using weir::result;

namespace {

struct easy_closer {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct list_closer {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

// RFC 5322, section 3.3.
std::string date_now() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 64> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &utc);
    return {text.data(), size};
}

// Lines end in CR LF.
std::string with_line_ends(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\r') continue;
        out += c == '\n' ? std::string("\r\n") : std::string(1, c);
    }
    return out;
}

std::string written(const mail& one, const std::string& from) {
    return "Date: " + date_now() + "\r\nFrom: <" + from + ">\r\nTo: <" + one.to + ">\r\nSubject: " + one.subject +
           "\r\nMessage-ID: <" + one.id + "@miniapp>\r\nMIME-Version: 1.0\r\n" +
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
           with_line_ends(one.text);
}

// A line end or a bracket in an address would add headers or recipients.
bool is_plain(std::string_view address) {
    return !address.empty() &&
           std::ranges::none_of(address, [](unsigned char c) { return c <= ' ' || c == 127 || c == '<' || c == '>'; });
}

struct upload {
    std::string_view left;
    std::stop_token stop;
};

std::size_t read_more(char* to, std::size_t size, std::size_t count, void* from) {
    auto& left = static_cast<upload*>(from)->left;
    const std::size_t taken = std::min(left.size(), size * count);
    left.copy(to, taken);
    left.remove_prefix(taken);
    return taken;
}

int stop_if_asked(void* from, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<upload*>(from)->stop.stop_requested() ? 1 : 0;
}

error failure_of(CURLcode code, CURL* handle) {
    long reply = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply);
    error why(errc::unknown, std::string(curl_easy_strerror(code)) + ", SMTP reply " + std::to_string(reply));
    if (code == CURLE_ABORTED_BY_CALLBACK) return errc::cancelled;
    if (code == CURLE_LOGIN_DENIED)
        return error(errc::unavailable, "the mail server refuses the login of mail.url").caused_by(std::move(why));
    if (reply >= 500 && reply < 600)
        return weir::permanent(error(errc::invalid_argument, "the mail server refuses the mail").caused_by(why));
    return error(errc::unavailable, "the mail server is away or busy").caused_by(std::move(why));
}

result<void> send_now(const mail_settings& settings, const mail& one, std::stop_token stop) {
    const std::unique_ptr<CURL, easy_closer> handle(curl_easy_init());
    const std::unique_ptr<curl_slist, list_closer> to(curl_slist_append(nullptr, one.to.c_str()));
    if (!handle || !to) return error(errc::unavailable, "libcurl has no memory");
    const std::string text = written(one, settings.from);
    upload body{text, std::move(stop)};
    const auto set = [&handle](CURLoption option, auto value) { curl_easy_setopt(handle.get(), option, value); };
    set(CURLOPT_URL, settings.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_USE_SSL, long{CURLUSESSL_TRY});
    set(CURLOPT_MAIL_FROM, settings.from.c_str());
    set(CURLOPT_MAIL_RCPT, to.get());
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &read_more);
    set(CURLOPT_READDATA, &body);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &stop_if_asked);
    set(CURLOPT_XFERINFODATA, &body);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, std::min<long>(3000, static_cast<long>(settings.timeout.count())));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
    const CURLcode code = curl_easy_perform(handle.get());
    if (code == CURLE_OK) return weir::ok();
    return failure_of(code, handle.get());
}

weir::blocking_pool_options threads_of(const mail_settings& settings) {
    weir::blocking_pool_options options;
    options.name = "mail";
    options.threads = static_cast<std::size_t>(settings.connections);
    return options;
}

} // namespace

smtp_mailer::smtp_mailer(mail_settings settings) : settings_(std::move(settings)), threads_(threads_of(settings_)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

smtp_mailer::~smtp_mailer() = default;

weir::task<result<void>> smtp_mailer::send(const mail& one) {
    if (!is_plain(one.to)) co_return weir::permanent(error(errc::invalid_argument, "the mail's address is invalid"));
    auto job = [this, &one](std::stop_token stop) { return send_now(settings_, one, std::move(stop)); };
    auto sent = co_await threads_.run(job);
    co_return sent;
}

} // namespace miniapp
