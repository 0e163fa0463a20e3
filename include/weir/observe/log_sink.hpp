// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Where log lines end up. A logger calls `write` from one thread at a time.
class log_sink {
public:
    virtual ~log_sink() = default;

    /// Takes one or more whole lines, each ended by a line feed; may block. An error counts them as dropped.
    virtual result<void> write(std::string_view lines) = 0;
    /// Opens the destination anew after it was renamed (log rotation). Thread-safe.
    virtual result<void> reopen() { return ok(); }
};

std::unique_ptr<log_sink> stderr_sink();
std::unique_ptr<log_sink> stdout_sink();

/// Appends to a file, which is created with mode 0640. errc::unavailable with the system's words when it
/// can't be opened, now or on `reopen()`, which then keeps the file it had.
result<std::unique_ptr<log_sink>> file_sink(std::string path);

/// Calls `f` with each line, without its line feed.
std::unique_ptr<log_sink> callback_sink(std::function<void(std::string_view line)> f);

/// Keeps the lines it is given, for tests. Thread-safe; the lines live as long as the object or its sinks:
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
