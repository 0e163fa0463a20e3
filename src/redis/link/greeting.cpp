// SPDX-License-Identifier: MIT
#include "redis/link/greeting.hpp"

#include <weir/redis/command.hpp>

namespace weir::redis::detail {

greeting_plan::greeting_plan(const std::string& user, const std::string& password, int database,
                             const std::string& name, bool master_only) {
    const auto add = [this](step what, const command& sent) {
        bytes.append(sent.encoded());
        steps.push_back(what);
    };
    if (!user.empty())
        add(step::auth, command("AUTH", user, password));
    else if (!password.empty())
        add(step::auth, command("AUTH", password));
    if (database != 0) add(step::select, command("SELECT", database));
    if (!name.empty()) add(step::name, command("CLIENT", "SETNAME", name));
    if (master_only) add(step::role, command("ROLE"));
}

void greeting::begin(const greeting_plan& plan) {
    plan_ = &plan;
    next_ = 0;
    bytes = plan.bytes;
    replies = static_cast<std::uint32_t>(plan.steps.size());
    failure = {};
    ended = false;
}

void greeting::accept(reply_view one) {
    const auto step = plan_->steps[next_++];
    const bool refused_name = step == greeting_plan::step::name && !one.text().starts_with("ERR max");
    if (failure || refused_name) return;
    if (one.kind() == reply_kind::error)
        failure = error_of(one.text());
    else if (step == greeting_plan::step::role && (one.size() == 0 || (*one.begin()).text() != "master"))
        failure = error(errc::unavailable, "this redis server is a replica").with_code("readonly");
}

} // namespace weir::redis::detail
