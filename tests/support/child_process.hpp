// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace test_support {

/// A program as a child process for tests. What it writes to stderr is kept by a thread of its own, so the
/// child never waits for the test. Killed when this ends; nothing of it outlives the test, even a killed one.
class child_process {
public:
    /// `environment` is all of the child's, as NAME=VALUE. Throws std::runtime_error; a program that can't be
    /// run ends with status 127.
    child_process(const std::string& program, std::vector<std::string> args, std::vector<std::string> environment);
    ~child_process();
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    /// The first line on stderr that contains `text`, once there is one; throws when none comes.
    std::string line_with(std::string_view text, std::chrono::seconds limit = std::chrono::seconds(30));
    /// Everything on stderr so far; all of it after `wait`.
    std::string errors() const;

    pid_t pid() const noexcept { return pid_; }
    void signal(int number);
    bool running();
    /// Its exit status, 128 + n when signal n ended it; throws when it runs on beyond the limit.
    int wait(std::chrono::seconds limit = std::chrono::seconds(30));

private:
    void collect(int fd);
    void reap(int options);

    pid_t pid_ = -1; // -1 once its end is known
    int status_ = -1;
    mutable std::mutex mutex_; // guards errors_ and ended_
    std::condition_variable changed_;
    std::string errors_;
    bool ended_ = false;
    std::thread reader_;
};

} // namespace test_support
