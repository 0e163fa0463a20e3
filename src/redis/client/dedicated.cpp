// SPDX-License-Identifier: MIT
#include "redis/client/dedicated.hpp"

#include "redis/client/client_core.hpp"
#include "redis/wire/routing.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::redis::detail {

namespace {

// The first argument of encoded commands: `*1\r\n$4\r\nPING\r\n`.
std::string_view first_name(std::string_view encoded) noexcept {
    std::size_t at = encoded.find('\n');
    at = at == std::string_view::npos ? at : encoded.find('\n', at + 1);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = encoded.substr(at + 1);
    return rest.substr(0, rest.find('\r'));
}

bool same_name(std::string_view a, std::string_view upper_case) noexcept {
    return std::ranges::equal(a, upper_case, [](char x, char y) { return (x >= 'a' && x <= 'z' ? x - 32 : x) == y; });
}

/// What a connection's commands leave on it.
class traces {
public:
    void note(const call& one) noexcept {
        constexpr std::array<std::string_view, 7> lasting{
            "SELECT", "AUTH", "HELLO", "CLIENT", "MONITOR", "SUBSCRIBE", "PSUBSCRIBE"};
        const std::string_view name = first_name(one.bytes);
        const auto is = [name](std::string_view other) { return same_name(name, other); };
        if (is("WATCH"))
            watching_ = true;
        else if (is("UNWATCH") || is("EXEC") || is("DISCARD"))
            watching_ = queueing_ = false;
        else if (is("MULTI"))
            watching_ = queueing_ = one.replies == 1; // with more it ends in EXEC
        else
            spoiled_ |= std::ranges::any_of(lasting, is);
    }
    bool none() const noexcept { return !watching_ && !queueing_ && !spoiled_; }

private:
    bool watching_ = false;
    bool queueing_ = false;
    bool spoiled_ = false;
};

class dedicated_target final : public call_target {
public:
    dedicated_target(std::weak_ptr<loop_client> from, std::shared_ptr<link> own) noexcept
        : from_(std::move(from)), own_(std::move(own)) {}
    dedicated_target(const dedicated_target&) = delete;
    dedicated_target& operator=(const dedicated_target&) = delete;
    ~dedicated_target() override {
        if (const auto alive = from_.lock()) alive->give_back(std::move(own_), traces_.none());
    }

    void submit(call& one, loop& home) noexcept override {
        if (&home != &own_->home()) return one.fail(errc::internal);
        traces_.note(one);
        own_->submit(one);
    }

private:
    std::weak_ptr<loop_client> from_;
    std::shared_ptr<link> own_;
    traces traces_;
};

/// Takes a connection when its call is sent.
class blocking_call_target final : public call_target {
public:
    explicit blocking_call_target(std::shared_ptr<client_core> core) noexcept : core_(std::move(core)) {}

    void submit(call& one, loop& home) noexcept override {
        try {
            auto own = take_dedicated(core_->at(home), one.from ? first_key(*one.from) : one.key);
            if (!own) return one.fail(own.error());
            own_ = std::move(*own);
        } catch (...) {
            return one.fail(current_error());
        }
        own_->submit(one, home);
    }

private:
    const std::shared_ptr<client_core> core_;
    shared_target own_{};
};

} // namespace

result<shared_target> take_dedicated(loop_client& from, std::string_view key) {
    auto own = from.take(key);
    if (!own) return own.error();
    return shared_target(std::make_shared<dedicated_target>(from.weak_from_this(), std::move(*own)));
}

shared_target blocking_target(const shared_target& client) {
    return std::make_shared<blocking_call_target>(std::static_pointer_cast<client_core>(client));
}

} // namespace weir::redis::detail
