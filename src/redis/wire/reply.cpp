// SPDX-License-Identifier: MIT
#include <weir/redis/reply.hpp>

namespace weir::redis {

namespace {

void describe_to(std::string& out, reply_view one) {
    switch (one.kind()) {
    case reply_kind::nil:
        out += "nil";
        break;
    case reply_kind::integer:
        out += std::to_string(one.integer());
        break;
    case reply_kind::array: {
        out += '[';
        const char* between = "";
        for (const reply_view each : one) {
            out += between;
            describe_to(out, each);
            between = ", ";
        }
        out += ']';
        break;
    }
    case reply_kind::string:
    case reply_kind::status:
    case reply_kind::error:
        out.append("\"").append(one.text()).append("\"");
    }
}

} // namespace

reply::reply() { tree_.nodes.push_back({reply_kind::nil, 0, 0, 0, 1}); }

reply::reply(reply_view from) {
    const auto& nodes = from.in_->nodes;
    const auto first = nodes.begin() + static_cast<std::ptrdiff_t>(from.at_);
    tree_.nodes.assign(first, nodes.begin() + static_cast<std::ptrdiff_t>(from.node().next));
    for (detail::reply_node& one : tree_.nodes) {
        one.next -= from.at_;
        const std::size_t at = tree_.bytes.size();
        tree_.bytes.append(from.in_->bytes, one.at, one.size);
        one.at = at;
    }
}

std::string reply::describe() const {
    std::string text;
    describe_to(text, view());
    return text;
}

} // namespace weir::redis
