// SPDX-License-Identifier: MIT
#pragma once

#include "redis/wire/reply_reader.hpp"
#include <weir/redis/decode.hpp>

#include <doctest/doctest.h>

#include <string_view>

namespace redis_test {

/// Reads one reply of RESP and converts it.
template<class T>
weir::error read_as(std::string_view resp, T& out) {
    weir::redis::detail::reply_reader reader(1 << 20);
    reader.feed(resp);
    const auto* const tree = reader.next();
    REQUIRE(tree);
    return weir::redis::decode(weir::redis::reply_view(*tree, 0), out);
}

} // namespace redis_test
