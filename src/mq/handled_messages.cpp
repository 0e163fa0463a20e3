// SPDX-License-Identifier: MIT
#include <weir/mq/handled_messages.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>

namespace weir {

namespace mq::detail {

/// The groups of each topic, and the messages in the process, each with the groups that haven't handled it.
class handled_table {
public:
    std::size_t join(std::string_view topic, std::string_view group) {
        const std::lock_guard lock(mutex_);
        auto& groups = groups_[std::string(topic)];
        const auto at = std::ranges::find(groups, group);
        if (at != groups.end()) return static_cast<std::size_t>(at - groups.begin());
        if (groups.size() == most_groups) throw std::invalid_argument("weir: handled_messages: more than 64 groups");
        groups.emplace_back(group);
        return groups.size() - 1;
    }

    bool expect(std::string_view topic, std::string_view id) {
        const std::lock_guard lock(mutex_);
        const auto groups = groups_.find(topic);
        const std::size_t count = groups == groups_.end() ? 0 : groups->second.size();
        const std::uint64_t all = count == most_groups ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
        const auto [at, added] = missing_.try_emplace(std::string(id), all);
        if (added && all == 0) finish(at);
        return added;
    }

    void forget(std::string_view id) noexcept {
        const std::lock_guard lock(mutex_);
        if (const auto at = missing_.find(id); at != missing_.end()) missing_.erase(at);
    }

    void handled(std::string_view id, std::size_t place) {
        const std::lock_guard lock(mutex_);
        const auto at = missing_.find(id);
        if (at == missing_.end() || at->second == 0) return;
        const std::uint64_t left = at->second & ~(std::uint64_t{1} << place);
        if (left == 0) finish(at);
        at->second = left;
    }

    std::vector<std::string> take() {
        const std::lock_guard lock(mutex_);
        for (const auto& id : finished_) missing_.erase(id);
        return std::exchange(finished_, {});
    }

    std::size_t unhandled() const {
        const std::lock_guard lock(mutex_);
        return missing_.size() - finished_.size();
    }

    channel<std::monostate> changed{1};

private:
    static constexpr std::size_t most_groups = 64;

    using missing_groups = std::map<std::string, std::uint64_t, std::less<>>; // bits by place

    void finish(missing_groups::iterator at) {
        finished_.push_back(at->first);
        (void)changed.try_send({});
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::vector<std::string>, std::less<>> groups_;
    missing_groups missing_;
    std::vector<std::string> finished_;
};

} // namespace mq::detail

handled_messages::handled_messages() : table_(std::make_unique<mq::detail::handled_table>()) {}

handled_messages::~handled_messages() = default;

std::size_t handled_messages::unhandled() const { return table_->unhandled(); }

bool handled_messages::expect(std::string_view topic, std::string_view id) { return table_->expect(topic, id); }

void handled_messages::forget(std::string_view id) noexcept { table_->forget(id); }

std::vector<std::string> handled_messages::take_handled() { return table_->take(); }

channel<std::monostate>& handled_messages::changed() noexcept { return table_->changed; }

std::size_t handled_messages::join(std::string_view topic, std::string_view group) {
    return table_->join(topic, group);
}

void handled_messages::handled(std::string_view id, std::size_t place) { table_->handled(id, place); }

} // namespace weir
