// SPDX-License-Identifier: MIT
#include "http/message/check_limits.hpp"

#include "http/message/request_head.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace weir::http::detail {

namespace {

error refused(std::string_view name, std::uint64_t value, std::string_view accepted) {
    return {errc::invalid_argument, fmt::format("limits.{} = {}: accepted {}", name, value, accepted)};
}

struct named_size {
    std::string_view name;
    std::uint64_t value;
};

struct named_time {
    std::string_view name;
    duration value;
};

} // namespace

error check_limits(const limits& given) {
    if (given.fields < 1 || given.fields > max_head_fields)
        return refused("fields", given.fields, fmt::format("1..{}", max_head_fields));
    const named_size sizes[] = {
        {"request_line", given.request_line},
        {"head", given.head},
        {"json_depth", given.json_depth},
        {"pipelined", given.pipelined},
        {"output", given.output}};
    for (const auto& one : sizes)
        if (one.value == 0) return refused(one.name, one.value, "1 or more");
    const named_time times[] = {
        {"head_time", given.head_time},
        {"body_time", given.body_time},
        {"handler_time", given.handler_time},
        {"write_time", given.write_time},
        {"idle_time", given.idle_time}};
    for (const auto& one : times)
        if (one.value <= duration::zero())
            return {errc::invalid_argument,
                    fmt::format("limits.{} = {} ns: accepted more than 0, duration::max() for no limit", one.name,
                                one.value.count())};
    return {};
}

} // namespace weir::http::detail
