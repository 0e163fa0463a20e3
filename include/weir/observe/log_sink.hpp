// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The destination of log lines. A logger calls `write` from one thread at a time.
class log_sink {
public:
    virtual ~log_sink() = default;

    /// Writes one or more whole lines, each ended by a line feed; may block. After an error the lines count as dropped.
    virtual result<void> write(std::string_view lines) = 0;
    /// Reopens the destination after it was renamed (log rotation). Thread-safe.
    virtual result<void> reopen() { return ok(); }
};

std::unique_ptr<log_sink> stderr_sink();
std::unique_ptr<log_sink> stdout_sink();

/// Appends to a file, created with mode 0640 if missing. errc::unavailable with the system's message if it can't be
/// opened. A failed `reopen()` keeps the current file.
result<std::unique_ptr<log_sink>> file_sink(std::string path);

/// Calls `f` with each line, without its line feed.
std::unique_ptr<log_sink> callback_sink(std::function<void(std::string_view line)> f);

/// Stores log lines, for tests. Thread-safe; the lines live as long as the object or any of its sinks:
///
///     memory_log lines;
///     logger log(lines.sink(), {.asynchronous = false});
class memory_log {
public:
    memory_log();

    std::unique_ptr<log_sink> sink() const;
    std::vector<std::string> lines() const;
    void clear();

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace weir
