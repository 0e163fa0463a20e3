// SPDX-License-Identifier: MIT
#include "support/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace test_support {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::runtime_error(std::string(what) + ": " + std::generic_category().message(errno));
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

} // namespace

child_process::child_process(const std::string& program, std::vector<std::string> args,
                             std::vector<std::string> environment) {
    args.insert(args.begin(), program);
    const auto argv = pointers(args);
    const auto envp = pointers(environment);
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) fail("pipe2");
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) { // until execve only functions that are safe in the child of a multithreaded program
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || dup2(pipe_ends[1], STDERR_FILENO) < 0) _exit(127);
        close_range(STDERR_FILENO + 1, ~0U, 0); // otherwise a listener of the test would stay open in the child
        execve(program.c_str(), argv.data(), envp.data());
        _exit(127);
    }
    close(pipe_ends[1]);
    if (pid_ < 0) {
        close(pipe_ends[0]);
        fail("fork");
    }
    reader_ = std::thread([this, fd = pipe_ends[0]] { collect(fd); });
}

child_process::~child_process() {
    if (running()) {
        kill(pid_, SIGKILL);
        reap(0);
    }
    reader_.join();
}

void child_process::collect(int fd) {
    char buffer[16384];
    for (;;) {
        const ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        const std::lock_guard lock(mutex_);
        if (got > 0)
            errors_.append(buffer, static_cast<std::size_t>(got));
        else
            ended_ = true;
        changed_.notify_all();
        if (got <= 0) break;
    }
    close(fd);
}

std::string child_process::line_with(std::string_view text, std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    std::size_t at = std::string::npos;
    const auto complete = [&] {
        at = errors_.find(text);
        return at != std::string::npos && errors_.find('\n', at) != std::string::npos;
    };
    changed_.wait_for(lock, limit, [&] { return complete() || ended_; });
    if (!complete()) throw std::runtime_error("no line with '" + std::string(text) + "' on stderr: " + errors_);
    const std::size_t before = errors_.rfind('\n', at);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    return errors_.substr(begin, errors_.find('\n', at) - begin);
}

std::string child_process::errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
}

void child_process::signal(int number) {
    if (!running() || kill(pid_, number) != 0) throw std::runtime_error("the child has ended: " + errors());
}

bool child_process::running() {
    if (pid_ > 0) reap(WNOHANG);
    return pid_ > 0;
}

// The pipe ends when the child does, because the child has no children.
int child_process::wait(std::chrono::seconds limit) {
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, limit, [&] { return ended_; }))
            throw std::runtime_error("the child runs on: " + errors_);
    }
    if (pid_ > 0) reap(0);
    return status_;
}

void child_process::reap(int options) {
    int ended = 0;
    pid_t found = 0;
    do found = waitpid(pid_, &ended, options);
    while (found < 0 && errno == EINTR);
    if (found != pid_) return;
    pid_ = -1;
    status_ = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
}

} // namespace test_support
