// SPDX-License-Identifier: MIT
#include "observe/service_thread.hpp"

#include <algorithm>
#include <pthread.h>
#include <signal.h>
#include <utility>

namespace weir::detail {

namespace {

class blocked_signals {
public:
    blocked_signals() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~blocked_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    blocked_signals(const blocked_signals&) = delete;
    blocked_signals& operator=(const blocked_signals&) = delete;

private:
    sigset_t before_{};
};

} // namespace

std::thread start_service_thread(std::string name, std::function<void()> work) {
    name.resize(std::min<std::size_t>(name.size(), 15));
    const blocked_signals inherited;
    return std::thread([name = std::move(name), work = std::move(work)] {
        pthread_setname_np(pthread_self(), name.c_str());
        work();
    });
}

} // namespace weir::detail
