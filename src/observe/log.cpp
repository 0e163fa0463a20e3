// SPDX-License-Identifier: MIT
#include "observe/log_queue.hpp"
#include "observe/redaction.hpp"
#include "observe/utc.hpp"
#include <weir/observe/log.hpp>

#include <array>
#include <utility>

namespace weir {

namespace {

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::size_t kept_capacity = 64 * 1024;

// The buffer a thread formats its lines in. `text` is taken out while a line is being made, so a field
// that logs while it is evaluated gets a buffer of its own; `gone` is for lines at the end of a thread.
struct line_buffer {
    std::string text;
    ~line_buffer();
};

constinit thread_local bool buffer_gone = false;
thread_local line_buffer buffer;

line_buffer::~line_buffer() { buffer_gone = true; }

std::string take_buffer() {
    if (buffer_gone) return {};
    return std::exchange(buffer.text, {});
}

void return_buffer(std::string& text) noexcept {
    if (buffer_gone || text.capacity() > kept_capacity) return;
    text.clear();
    buffer.text = std::move(text);
}

void begin_line(std::string& out, wall_time at, log_level level, std::string_view message) {
    out += "{\"time\":\"";
    detail::append_utc(out, at);
    out += "\",\"level\":\"";
    out += name(level);
    out += "\",\"message\":";
    append_json(out, message);
}

class queued_core final : public detail::log_core {
public:
    queued_core(std::unique_ptr<log_sink> sink, const logger_options& options)
        : queued_core(std::move(sink), options, detail::redaction(options.redact)) {}

    wall_time now() const noexcept override { return clock_.wall_now(); }
    void submit(std::string_view line) override { queue_.submit(line); }
    result<void> flush(duration limit) override { return queue_.flush(limit); }
    result<void> reopen() override { return queue_.sink().reopen(); }
    log_stats stats() const override { return queue_.stats(); }

private:
    queued_core(std::unique_ptr<log_sink> sink, const logger_options& options, detail::redaction redact)
        : log_core(options.level, redact.filter()), clock_(*options.clock), redaction_(std::move(redact)),
          queue_(std::move(sink), {options.asynchronous, options.queue, options.linger},
                 [this](std::string& out, std::uint64_t lines, const error& why) { report_drops(out, lines, why); }) {}

    bool hides_name(std::string_view key) const noexcept override { return redaction_.hides(key); }

    void report_drops(std::string& out, std::uint64_t lines, const error& why) const {
        begin_line(out, now(), log_level::warn, "log lines dropped");
        detail::append_log_field(out, *this, field("count", lines));
        if (why) detail::append_log_field(out, *this, field("error", why));
        out += "}\n";
    }

    const weir::clock& clock_;
    detail::redaction redaction_;
    detail::log_queue queue_;
};

} // namespace

std::string_view name(log_level level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

namespace detail {

log_line::log_line(log_core& core, log_level level, std::string_view message, const std::string* fixed)
    : core_(core), text_(take_buffer()) {
    begin_line(text_, core.now(), level, message);
    if (fixed) text_ += *fixed;
}

log_line::~log_line() { return_buffer(text_); }

void log_line::submit() {
    text_ += "}\n";
    core_.submit(text_);
}

} // namespace detail

logger::logger(std::unique_ptr<log_sink> sink, logger_options options)
    : core_(std::make_shared<queued_core>(std::move(sink), options)) {}

result<void> logger::flush(duration limit) const { return core_ ? core_->flush(limit) : ok(); }

result<void> logger::reopen() const { return core_ ? core_->reopen() : ok(); }

log_stats logger::stats() const { return core_ ? core_->stats() : log_stats(); }

} // namespace weir
