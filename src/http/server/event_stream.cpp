// SPDX-License-Identifier: MIT
#include "http/server/request_task.hpp"
#include <weir/http/event_stream.hpp>

#include <utility>

namespace weir::http {

namespace detail {

/// Sends a comment when nothing has been sent for a while. The timer may outlive it.
class heartbeat : public std::enable_shared_from_this<heartbeat> {
public:
    heartbeat(request_task& of, duration every) : home_(of.home()), stream_(of.stream()), every_(every) {}

    void begin() {
        if (every_ > duration::zero()) arm();
    }
    void event_sent() { last_ = home_.now(); }

private:
    void arm() {
        auto beat = [weak = weak_from_this()] {
            if (const auto alive = weak.lock()) alive->beat();
        };
        timer_ = home_.call_at(last_ + every_, std::move(beat));
    }
    // If output is already pending, that will reveal a dead peer; no comment is needed.
    void beat() {
        if (home_.now() - last_ >= every_) {
            stream_.write_now(":\n\n");
            last_ = home_.now();
        }
        arm();
    }

    weir::loop& home_;
    body_stream& stream_;
    duration every_;
    time_point last_ = home_.now();
    loop::timer_id timer_ = 0;
};

} // namespace detail

namespace {

bool one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
    out.append(name).append(": ").append(value).append("\n");
}

// CRLF, CR and LF each end a line.
void append_data(std::string_view data, std::string& out) {
    for (;;) {
        const std::size_t end = data.find_first_of("\r\n");
        append_field("data", data.substr(0, end), out);
        if (end == std::string_view::npos) return;
        data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
    }
}

std::string lines_of(const event& one) {
    std::string out;
    if (!one.name.empty()) append_field("event", one.name, out);
    if (!one.id.empty()) append_field("id", one.id, out);
    if (one.retry) append_field("retry", std::to_string(one.retry->count()), out);
    append_data(one.data, out);
    return out.append("\n");
}

} // namespace

event_writer::event_writer(body_writer& out, duration heartbeat)
    : out_(out), heartbeat_(std::make_shared<detail::heartbeat>(out.running(), heartbeat)) {
    heartbeat_->begin();
}

event_writer::~event_writer() = default;

task<result<void>> event_writer::send(const event& one) {
    if (!one_line(one.name) || !one_line(one.id)) return refuse();
    return write(lines_of(one));
}

task<result<void>> event_writer::send(std::string_view data) { return send(event{data}); }

task<result<void>> event_writer::refuse() {
    co_return error(errc::invalid_argument, "an event's name and id must be single lines");
}

task<result<void>> event_writer::write(std::string lines) {
    heartbeat_->event_sent();
    co_return co_await out_.write(lines);
}

response event_stream(event_source source, event_stream_options options) {
    auto run = [source = std::move(source), options](body_writer& out) -> task<result<void>> {
        event_writer events(out, options.heartbeat);
        co_return co_await source(events);
    };
    response made = stream(std::move(run), {.content_type = "text/event-stream", .endless = true});
    made.headers.set("cache-control", "no-store");
    made.headers.set("x-accel-buffering", "no"); // nginx would buffer the events
    return made;
}

std::string last_event_id(const request& req) { return std::string(req.header("last-event-id")); }

} // namespace weir::http
