// SPDX-License-Identifier: MIT
#include <weir/observe/log_sink.hpp>

#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace weir {

namespace {

error system_failure(const std::string& what) {
    return {errc::unavailable, what + ": " + std::system_category().message(errno)};
}

// Another process that shares a terminal or pipe may have made it non-blocking.
bool wait_writable(int fd) {
    pollfd one{fd, POLLOUT, 0};
    return ::poll(&one, 1, -1) >= 0 || errno == EINTR;
}

result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t took = ::write(fd, bytes.data(), bytes.size());
        if (took >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(took));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_writable(fd)) return system_failure("can't wait for the log");
        } else if (errno != EINTR) {
            return system_failure("can't write the log");
        }
    }
    return ok();
}

class descriptor_sink final : public log_sink {
public:
    explicit descriptor_sink(int fd) : fd_(fd) {}

    result<void> write(std::string_view lines) override { return write_all(fd_, lines); }

private:
    int fd_;
};

int open_for_append(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

class append_file_sink final : public log_sink {
public:
    append_file_sink(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
    ~append_file_sink() override { ::close(fd_); }
    append_file_sink(const append_file_sink&) = delete;
    append_file_sink& operator=(const append_file_sink&) = delete;

    result<void> write(std::string_view lines) override {
        const std::lock_guard lock(mutex_);
        return write_all(fd_, lines);
    }

    result<void> reopen() override {
        const int fresh = open_for_append(path_);
        if (fresh < 0) return system_failure("can't open the log file " + path_);
        const std::lock_guard lock(mutex_);
        ::close(std::exchange(fd_, fresh));
        return ok();
    }

private:
    const std::string path_;
    std::mutex mutex_;
    int fd_;
};

// Calls `f` for each line of a batch, without its line feed.
template<class F>
void each_line(std::string_view lines, F& f) {
    for (std::size_t end = 0; (end = lines.find('\n')) != std::string_view::npos; lines.remove_prefix(end + 1))
        f(lines.substr(0, end));
}

class function_sink final : public log_sink {
public:
    explicit function_sink(std::function<void(std::string_view)> f) : f_(std::move(f)) {}

    result<void> write(std::string_view lines) override {
        each_line(lines, f_);
        return ok();
    }

private:
    std::function<void(std::string_view)> f_;
};

} // namespace

std::unique_ptr<log_sink> stderr_sink() { return std::make_unique<descriptor_sink>(STDERR_FILENO); }
std::unique_ptr<log_sink> stdout_sink() { return std::make_unique<descriptor_sink>(STDOUT_FILENO); }

result<std::unique_ptr<log_sink>> file_sink(std::string path) {
    const int fd = open_for_append(path);
    if (fd < 0) return system_failure("can't open the log file " + path);
    return std::unique_ptr<log_sink>(std::make_unique<append_file_sink>(std::move(path), fd));
}

std::unique_ptr<log_sink> callback_sink(std::function<void(std::string_view line)> f) {
    return std::make_unique<function_sink>(std::move(f));
}

struct memory_log::state {
    mutable std::mutex mutex;
    std::vector<std::string> lines;
};

memory_log::memory_log() : state_(std::make_shared<state>()) {}

std::unique_ptr<log_sink> memory_log::sink() const {
    return callback_sink([kept = state_](std::string_view line) {
        const std::lock_guard lock(kept->mutex);
        kept->lines.emplace_back(line);
    });
}

std::vector<std::string> memory_log::lines() const {
    const std::lock_guard lock(state_->mutex);
    return state_->lines;
}

void memory_log::clear() {
    const std::lock_guard lock(state_->mutex);
    state_->lines.clear();
}

} // namespace weir
