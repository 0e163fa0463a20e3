// SPDX-License-Identifier: MIT
#include <weir/mq/message.hpp>

namespace weir {

std::string_view message::header(std::string_view name) const noexcept {
    for (const auto& one : headers)
        if (one.name == name) return one.value;
    return {};
}

std::size_t message::size() const noexcept {
    constexpr std::size_t overhead = 256; // the objects and their places in lists
    std::size_t all = overhead + topic.size() + body.size() + content_type.size() + key.size() + id.size();
    for (const auto& one : headers) all += sizeof(one) + one.name.size() + one.value.size();
    return all;
}

} // namespace weir
