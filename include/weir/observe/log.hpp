// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/log_field.hpp>
#include <weir/observe/log_sink.hpp>

#include <boost/describe/enum.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

enum class log_level : std::uint8_t { trace, debug, info, warn, error, off };
BOOST_DESCRIBE_ENUM(log_level, trace, debug, info, warn, error, off)

/// The level's name in log lines, such as `info`. A static string.
std::string_view name(log_level level) noexcept;

struct logger_options {
    log_level level = log_level::info; ///< lines below it cost one comparison
    /// Keys whose values are written as `***`: those that contain one of these names as whole words. Case and word
    /// separators don't matter: `api_key` also matches `x-api-key`, `apiKey`, `APIKEY` and `api_key_pem`. A key that
    /// ends in a word like count, id, length, name, size or type is shown: `token_count`.
    std::vector<std::string> redact = {
        "password",     "passwords",   "passwd",   "pwd",           "passphrase",  "passcode",      "pin",
        "otp",          "cvv",         "secret",   "secrets",       "app_secret",  "client_secret", "token",
        "access_token", "auth_token",  "id_token", "refresh_token", "jwt",         "bearer",        "authorization",
        "credential",   "credentials", "cookie",   "cookies",       "session_id",  "session_key",   "secret_key",
        "access_key",   "api_key",     "api_keys", "private_key",   "signing_key", "encryption_key"};
    bool asynchronous = true;                         ///< false: the calling thread writes, for tests
    std::size_t queue = 1 << 20;                      ///< bytes that may wait for the sink; further lines are dropped
    duration linger = std::chrono::milliseconds(5);   ///< how long the writer gathers lines while more keep coming
    const weir::clock* clock = &weir::system_clock(); ///< source of the lines' time; must outlive the logger
};

struct log_stats {
    std::uint64_t lines = 0;         ///< lines accepted
    std::uint64_t dropped = 0;       ///< lines refused because the queue was full, or lost by the sink
    std::uint64_t sink_failures = 0; ///< writes that the sink refused
    std::size_t queued_bytes = 0;
};

namespace detail {

// Hashes of keys known not to be redacted; a key that finds no slot is checked each time. Thread-safe.
class shown_keys {
public:
    bool has(std::uint64_t hash) const noexcept {
        return places_[first(hash)].load(std::memory_order_relaxed) == hash ||
               places_[second(hash)].load(std::memory_order_relaxed) == hash;
    }
    void add(std::uint64_t hash) noexcept;

private:
    static constexpr std::size_t size = 256;
    static std::size_t first(std::uint64_t hash) noexcept { return hash >> 8 & (size - 1); }
    static std::size_t second(std::uint64_t hash) noexcept { return hash >> 16 & (size - 1); }

    std::array<std::atomic<std::uint64_t>, size> places_{};
};

// The state that all handles of a logger share; implemented in src/observe/log.cpp.
class log_core {
public:
    log_core(const log_core&) = delete;
    log_core& operator=(const log_core&) = delete;
    virtual ~log_core() = default;

    bool hides(const log_key& key) noexcept { return !shown_.has(key.hash()) && decide(key); }
    virtual wall_time now() const noexcept = 0;
    virtual void submit(std::string_view line) = 0;
    virtual result<void> flush(duration limit) = 0;
    virtual result<void> reopen() = 0;
    virtual log_stats stats() const = 0;

    std::atomic<log_level> level;

protected:
    explicit log_core(log_level from) : level(from) {}

private:
    bool decide(const log_key& key) noexcept;
    virtual bool hides_name(std::string_view key) const noexcept = 0;

    shown_keys shown_;
};

// The string in which a thread writes its lines; borrowed from the thread and returned by the destructor.
class log_buffer {
public:
    log_buffer() noexcept;
    ~log_buffer();
    log_buffer(const log_buffer&) = delete;
    log_buffer& operator=(const log_buffer&) = delete;

    std::string text;
};

// A line being written.
class log_line {
public:
    log_line(log_core& core, log_level level, std::string_view message, const std::string* fixed);

    json_sink& out() noexcept { return out_; }
    void submit();

private:
    log_core& core_;
    log_buffer buffer_;
    json_sink out_{buffer_.text};
};

template<class T>
void append_log_field(json_sink& out, log_core& core, const log_field<T>& one) {
    one.key().append_to(out);
    if (one.hidden() || core.hides(one.key()))
        out.raw("\"***\"");
    else
        append_log(out, one.value());
}

template<class... T>
void append_log_fields(std::string& to, log_core& core, const log_field<T>&... fields) {
    json_sink out(to);
    (append_log_field(out, core, fields), ...);
}

} // namespace detail

/// A structured log: one JSON object per line.
///
///     logger log(stderr_sink());
///     log.info("order placed", field("order_id", 7), field("total_cents", 990));
///     // {"time":"2026-01-01T00:00:00.000000Z","level":"info","message":"order placed","order_id":7,...}
///
/// A small handle, cheap to copy; all copies share one sink, and the destructor of the last writes out the queue. Lines
/// go through a bounded queue to one thread named `log`, which starts with the logger. When the queue is full, lines
/// are dropped, counted and reported by a line "log lines dropped". Thread-safe.
class logger {
public:
    /// Discards everything.
    logger() noexcept = default;
    explicit logger(std::unique_ptr<log_sink> sink, logger_options options = {});

    template<class... T>
    void trace(std::string_view message, const log_field<T>&... fields) const {
        log(log_level::trace, message, fields...);
    }
    template<class... T>
    void debug(std::string_view message, const log_field<T>&... fields) const {
        log(log_level::debug, message, fields...);
    }
    template<class... T>
    void info(std::string_view message, const log_field<T>&... fields) const {
        log(log_level::info, message, fields...);
    }
    template<class... T>
    void warn(std::string_view message, const log_field<T>&... fields) const {
        log(log_level::warn, message, fields...);
    }
    template<class... T>
    void error(std::string_view message, const log_field<T>&... fields) const {
        log(log_level::error, message, fields...);
    }
    template<class... T>
    void log(log_level level, std::string_view message, const log_field<T>&... fields) const {
        if (!enabled(level)) return;
        detail::log_line line(*core_, level, message, fixed_.get());
        (detail::append_log_field(line.out(), *core_, fields), ...);
        line.submit();
    }

    /// A logger that adds these fields to each line; their values are evaluated now.
    template<class... T>
    [[nodiscard]] logger with(const log_field<T>&... fields) const {
        if (!core_) return *this;
        std::string all = fixed_ ? *fixed_ : std::string();
        detail::append_log_fields(all, *core_, fields...);
        return logger(core_, std::make_shared<const std::string>(std::move(all)));
    }

    bool enabled(log_level level) const noexcept {
        return core_ && level >= core_->level.load(std::memory_order_relaxed);
    }
    /// Sets the level of all handles of this logger, from the next line on.
    void set_level(log_level level) const noexcept {
        if (core_) core_->level.store(level, std::memory_order_relaxed);
    }

    /// Blocks until everything logged so far has reached the sink. errc::deadline_exceeded if the sink doesn't keep up;
    /// errc::unavailable, with the sink's error as the cause, if it refused lines since the last flush.
    result<void> flush(duration limit = std::chrono::seconds(1)) const;
    /// Reopens the sink's destination, after log rotation.
    result<void> reopen() const;
    log_stats stats() const;

private:
    logger(std::shared_ptr<detail::log_core> core, std::shared_ptr<const std::string> fixed) noexcept
        : core_(std::move(core)), fixed_(std::move(fixed)) {}

    std::shared_ptr<detail::log_core> core_;
    std::shared_ptr<const std::string> fixed_; // the `,"key":value` pairs of `with`
};

} // namespace weir
