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
constexpr std::array<std::string_view, 6> behind_time{
    "\",\"level\":\"trace\",\"message\":", "\",\"level\":\"debug\",\"message\":", "\",\"level\":\"info\",\"message\":",
    "\",\"level\":\"warn\",\"message\":",  "\",\"level\":\"error\",\"message\":", "\",\"level\":\"off\",\"message\":"};
constexpr std::size_t kept_capacity = 64 * 1024;

// The buffer in which a thread formats its lines. `text` is moved out while a line is being written, so that a field
// which logs during its evaluation gets another buffer; `gone` serves lines logged at the end of a thread.
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

void begin_line(detail::json_sink& out, wall_time at, log_level level, std::string_view message) {
    out.raw("{\"time\":\"");
    detail::append_utc(out, at);
    out.raw(behind_time[static_cast<std::size_t>(level)]);
    out.text(message);
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
        : log_core(options.level), clock_(*options.clock), redaction_(std::move(redact)),
          queue_(std::move(sink), {options.asynchronous, options.queue, options.linger},
                 [this](std::string& out, std::uint64_t lines, const error& why) { report_drops(out, lines, why); }) {}

    bool hides_name(std::string_view key) const noexcept override { return redaction_.hides(key); }

    void report_drops(std::string& to, std::uint64_t lines, const error& why) {
        detail::json_sink out(to);
        begin_line(out, now(), log_level::warn, "log lines dropped");
        detail::append_log_field(out, *this, field("count", lines));
        if (why) detail::append_log_field(out, *this, field("error", why));
        out.raw("}\n");
    }

    const weir::clock& clock_;
    detail::redaction redaction_;
    detail::log_queue queue_;
};

} // namespace

std::string_view name(log_level level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

namespace detail {

void shown_keys::add(std::uint64_t hash) noexcept {
    auto& place =
        places_[first(hash)].load(std::memory_order_relaxed) == 0 ? places_[first(hash)] : places_[second(hash)];
    std::uint64_t none = 0;
    place.compare_exchange_strong(none, hash, std::memory_order_relaxed);
}

bool log_core::decide(const log_key& key) noexcept {
    const bool hidden = hides_name(key.text());
    if (!hidden) shown_.add(key.hash());
    return hidden;
}

log_buffer::log_buffer() noexcept : text(take_buffer()) {}

log_buffer::~log_buffer() { return_buffer(text); }

log_line::log_line(log_core& core, log_level level, std::string_view message, const std::string* fixed) : core_(core) {
    begin_line(out_, core.now(), level, message);
    if (fixed) out_.raw(*fixed);
}

void log_line::submit() {
    out_.raw("}\n");
    out_.append([this](const std::string& line) { core_.submit(line); });
}

} // namespace detail

logger::logger(std::unique_ptr<log_sink> sink, logger_options options)
    : core_(std::make_shared<queued_core>(std::move(sink), options)) {}

result<void> logger::flush(duration limit) const { return core_ ? core_->flush(limit) : ok(); }

result<void> logger::reopen() const { return core_ ? core_->reopen() : ok(); }

log_stats logger::stats() const { return core_ ? core_->stats() : log_stats(); }

} // namespace weir
