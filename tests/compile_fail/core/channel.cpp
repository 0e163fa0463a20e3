// SPDX-License-Identifier: MIT
// expect WRONG_1: a channel's values are moved under its lock
// expect WRONG_2: a channel's values are moved under its lock
// expect WRONG_3: no matching function for call to
#include <weir/core/channel.hpp>

#include <string>

struct throwing_move {
    throwing_move() = default;
    throwing_move(throwing_move&&) {}
};

struct throwing_end {
    ~throwing_end() noexcept(false) {}
};

weir::task<weir::result<std::string>> receive(weir::channel<std::string>& from) {
#ifdef WRONG_1
    weir::channel<throwing_move> values;
#elif defined(WRONG_2)
    weir::channel<throwing_end> values;
#elif defined(WRONG_3)
    auto twice = from.receive();
    co_return co_await twice;
#endif
    co_return co_await from.receive();
}
