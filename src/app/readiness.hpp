// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// The checks behind /readyz. One caller at a time asks them, since they may be costly and anyone may ask; the others
/// get the last verdict, and "not ready" where the next one takes longer than a second. Checks are added before the
/// first caller comes; the rest is thread-safe.
class readiness {
public:
    using probe = std::function<task<result<void>>()>;

    void add(std::string name, probe ask) { probes_.push_back({std::move(name), std::move(ask)}); }

    /// No error when all checks pass, otherwise one that names the first that doesn't.
    task<error> verdict();

private:
    struct named_probe {
        std::string name;
        probe ask;
    };
    // The caller that asks; whatever becomes of it, the next one may.
    class turn;

    std::optional<error> remembered(time_point now);
    task<error> ask_all() const;

    std::vector<named_probe> probes_;
    std::mutex mutex_; // guards what follows
    std::optional<error> last_;
    time_point fresh_until_{};
    bool asking_ = false;
    time_point asking_since_{};
};

} // namespace weir
