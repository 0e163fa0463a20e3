// SPDX-License-Identifier: MIT
#include "feed/event_core.hpp"
#include <weir/core/json_sink.hpp>
#include <weir/core/rfc3339.hpp>

#include <utility>

namespace weir {

namespace feed::detail {

void begin_typed(std::string& line, std::string_view type, wall_time now) {
    {
        weir::detail::json_sink out(line);
        out.raw("{\"type\":");
        out.text(type);
        out.raw(",\"time\":\"");
    }
    append_rfc3339(line, now);
    line += "\",\"data\":";
}

} // namespace feed::detail

using feed::detail::event_core;

event_writer::event_writer(event_writer_options options)
    : core_(std::make_shared<event_core>(std::move(options), feed::detail::posix_files())) {}

event_writer::~event_writer() { core_->close_and_join(); }

bool event_writer::submit(std::string_view line) { return core_->write(line); }

bool event_writer::drop() noexcept { return core_->drop(); }

wall_time event_writer::now() const noexcept { return core_->options().clock->wall_now(); }

task<result<void>> event_writer::append_line(std::string line) { return event_core::append(core_, std::move(line)); }

task<result<void>> event_writer::flush() { return event_core::flush(core_); }

task<result<void>> event_writer::close() { return event_core::close(core_); }

event_writer_stats event_writer::stats() const { return core_->stats(); }

const std::string& event_writer::prefix() const noexcept { return core_->options().prefix; }

} // namespace weir
