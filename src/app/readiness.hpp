// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// The checks behind /readyz. One caller at a time runs them, since they may be expensive and /readyz is public; the
/// others get the last verdict, or "not ready" if the checks take longer than a second. Add checks before the first
/// call; otherwise thread-safe.
class readiness {
public:
    using probe = std::function<task<result<void>>()>;

    void add(std::string name, probe ask) { probes_.push_back({std::move(name), std::move(ask)}); }

    /// Returns no error if all checks pass, otherwise one that names the first failed check.
    task<error> verdict();

private:
    struct named_probe {
        std::string name;
        probe ask;
    };
    // The caller's turn to run the checks; releases it however the caller ends.
    class turn;

    std::optional<error> remembered(time_point now);
    task<error> ask_all() const;

    std::vector<named_probe> probes_;
    std::mutex mutex_; // guards the following members
    std::optional<error> last_;
    time_point fresh_until_{};
    bool asking_ = false;
    time_point asking_since_{};
};

} // namespace weir
