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

/// Runs a program as a child process of a test. A thread collects its stderr, so the child never blocks on the test.
/// The destructor kills it; it doesn't outlive the test even if the test is killed.
class child_process {
public:
    /// `environment` is the child's whole environment, as NAME=VALUE. Throws std::runtime_error; if the program can't
    /// be executed, it ends with status 127.
    child_process(const std::string& program, std::vector<std::string> args, std::vector<std::string> environment);
    ~child_process();
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    /// Waits for a line on stderr that contains `text` and returns the first one; throws if none comes.
    std::string line_with(std::string_view text, std::chrono::seconds limit = std::chrono::seconds(30));
    /// The stderr so far; complete after `wait`.
    std::string errors() const;

    pid_t pid() const noexcept { return pid_; }
    void signal(int number);
    bool running();
    /// Returns its exit status, or 128 + n if signal n ended it; throws if it runs beyond the limit.
    int wait(std::chrono::seconds limit = std::chrono::seconds(30));

private:
    void collect(int fd);
    void reap(int options);

    pid_t pid_ = -1; // -1 once it has been reaped
    int status_ = -1;
    mutable std::mutex mutex_; // guards errors_ and ended_
    std::condition_variable changed_;
    std::string errors_;
    bool ended_ = false;
    std::thread reader_;
};

} // namespace test_support
