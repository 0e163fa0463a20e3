// SPDX-License-Identifier: MIT
#include "redis/wire/routing.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::redis::detail {

namespace {

constexpr std::array<std::uint16_t, 256> crc_table = [] {
    std::array<std::uint16_t, 256> table{};
    for (unsigned i = 0; i < 256; ++i) {
        unsigned crc = i << 8;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
        table[i] = static_cast<std::uint16_t>(crc);
    }
    return table;
}();

std::uint16_t crc16(std::string_view bytes) noexcept {
    unsigned crc = 0;
    for (const char c : bytes)
        crc = (crc << 8 ^ crc_table[(crc >> 8 ^ static_cast<unsigned char>(c)) & 0xffU]) & 0xffffU;
    return static_cast<std::uint16_t>(crc);
}

// Where a command's keys are.
enum class keys_at : std::uint8_t {
    none,
    first,          // the first argument
    second,         // the second argument: XGROUP CREATE key
    all,            // all arguments
    all_but_last,   // BLPOP key key timeout
    every_other,    // MSET key value key value
    after_count,    // EVALSHA sha 2 key key: the second argument is the number
    counted,        // LMPOP 2 key key: the first argument is the number
    blocking_count, // BLMPOP timeout 2 key key
    first_two,      // RENAME key key
    from_second,    // BITOP AND key key
    streams,        // XREAD ... STREAMS key key id id
    stored_count,   // ZUNIONSTORE key 2 key key
};

struct known_command {
    std::string_view name;
    keys_at where;
};

// A command that isn't here has its only key, or the first of them, in front.
constexpr std::array known_commands{
    known_command{"PING", keys_at::none},
    known_command{"INFO", keys_at::none},
    known_command{"ECHO", keys_at::none},
    known_command{"TIME", keys_at::none},
    known_command{"PUBLISH", keys_at::none},
    known_command{"PUBSUB", keys_at::none},
    known_command{"SCRIPT", keys_at::none},
    known_command{"FUNCTION", keys_at::none},
    known_command{"CLIENT", keys_at::none},
    known_command{"CLUSTER", keys_at::none},
    known_command{"COMMAND", keys_at::none},
    known_command{"CONFIG", keys_at::none},
    known_command{"ACL", keys_at::none},
    known_command{"DBSIZE", keys_at::none},
    known_command{"FLUSHALL", keys_at::none},
    known_command{"FLUSHDB", keys_at::none},
    known_command{"KEYS", keys_at::none},
    known_command{"SCAN", keys_at::none},
    known_command{"RANDOMKEY", keys_at::none},
    known_command{"WAIT", keys_at::none},
    known_command{"ROLE", keys_at::none},
    known_command{"LATENCY", keys_at::none},
    known_command{"SLOWLOG", keys_at::none},
    known_command{"UNWATCH", keys_at::none},
    known_command{"OBJECT", keys_at::second},
    known_command{"MEMORY", keys_at::second},
    known_command{"XGROUP", keys_at::second},
    known_command{"XINFO", keys_at::second},
    known_command{"DEL", keys_at::all},
    known_command{"UNLINK", keys_at::all},
    known_command{"EXISTS", keys_at::all},
    known_command{"TOUCH", keys_at::all},
    known_command{"MGET", keys_at::all},
    known_command{"WATCH", keys_at::all},
    known_command{"SINTER", keys_at::all},
    known_command{"SINTERSTORE", keys_at::all},
    known_command{"SUNION", keys_at::all},
    known_command{"SUNIONSTORE", keys_at::all},
    known_command{"SDIFF", keys_at::all},
    known_command{"SDIFFSTORE", keys_at::all},
    known_command{"PFCOUNT", keys_at::all},
    known_command{"PFMERGE", keys_at::all},
    known_command{"BLPOP", keys_at::all_but_last},
    known_command{"BRPOP", keys_at::all_but_last},
    known_command{"BZPOPMIN", keys_at::all_but_last},
    known_command{"BZPOPMAX", keys_at::all_but_last},
    known_command{"MSET", keys_at::every_other},
    known_command{"MSETNX", keys_at::every_other},
    known_command{"EVAL", keys_at::after_count},
    known_command{"EVALSHA", keys_at::after_count},
    known_command{"EVAL_RO", keys_at::after_count},
    known_command{"EVALSHA_RO", keys_at::after_count},
    known_command{"FCALL", keys_at::after_count},
    known_command{"FCALL_RO", keys_at::after_count},
    known_command{"LMPOP", keys_at::counted},
    known_command{"ZMPOP", keys_at::counted},
    known_command{"SINTERCARD", keys_at::counted},
    known_command{"ZINTER", keys_at::counted},
    known_command{"ZUNION", keys_at::counted},
    known_command{"ZDIFF", keys_at::counted},
    known_command{"BLMPOP", keys_at::blocking_count},
    known_command{"BZMPOP", keys_at::blocking_count},
    known_command{"RENAME", keys_at::first_two},
    known_command{"RENAMENX", keys_at::first_two},
    known_command{"COPY", keys_at::first_two},
    known_command{"LMOVE", keys_at::first_two},
    known_command{"BLMOVE", keys_at::first_two},
    known_command{"RPOPLPUSH", keys_at::first_two},
    known_command{"BRPOPLPUSH", keys_at::first_two},
    known_command{"SMOVE", keys_at::first_two},
    known_command{"BITOP", keys_at::from_second},
    known_command{"XREAD", keys_at::streams},
    known_command{"XREADGROUP", keys_at::streams},
    known_command{"ZUNIONSTORE", keys_at::stored_count},
    known_command{"ZINTERSTORE", keys_at::stored_count},
    known_command{"ZDIFFSTORE", keys_at::stored_count},
};

bool same_word(std::string_view word, std::string_view upper_case) noexcept {
    return std::ranges::equal(word, upper_case, [](char a, char b) {
        return (a >= 'a' && a <= 'z' ? a - 32 : a) == b;
    });
}

keys_at place_of(std::string_view name) noexcept {
    const auto* const found =
        std::ranges::find_if(known_commands, [name](const known_command& one) { return same_word(name, one.name); });
    return found == known_commands.end() ? keys_at::first : found->where;
}

/// The keys are `count` arguments from `begin` on, `step` apart.
struct key_range {
    std::size_t begin = 1;
    std::size_t count = 0;
    std::size_t step = 1;
};

key_range counted_range(const command& one, std::size_t at) {
    const std::string_view digits = one.argument(at);
    std::size_t count = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
    return {at + 1, std::min(count, one.size()), 1};
}

key_range stream_range(const command& one) {
    for (std::size_t i = 1; i < one.size(); ++i)
        if (same_word(one.argument(i), "STREAMS")) return {i + 1, (one.size() - i - 1) / 2, 1};
    return {};
}

key_range range_of(const command& one) {
    const std::size_t arguments = one.size() - 1;
    switch (place_of(one.name())) {
    case keys_at::none:
        return {};
    case keys_at::first:
        return {1, 1, 1};
    case keys_at::second:
        return {2, 1, 1};
    case keys_at::all:
        return {1, arguments, 1};
    case keys_at::all_but_last:
        return {1, arguments == 0 ? 0 : arguments - 1, 1};
    case keys_at::every_other:
        return {1, arguments / 2, 2};
    case keys_at::after_count:
        return counted_range(one, 2);
    case keys_at::counted:
        return counted_range(one, 1);
    case keys_at::blocking_count:
        return counted_range(one, 2);
    case keys_at::first_two:
        return {1, 2, 1};
    case keys_at::from_second:
        return {2, arguments == 0 ? 0 : arguments - 1, 1};
    case keys_at::streams:
        return stream_range(one);
    case keys_at::stored_count:
        return {1, 1, 1};
    }
    return {};
}

} // namespace

std::uint16_t slot_of(std::string_view key) noexcept {
    const std::size_t open = key.find('{');
    const std::size_t close = open == std::string_view::npos ? open : key.find('}', open);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
    return static_cast<std::uint16_t>(crc16(key) % slot_count);
}

std::vector<std::string_view> keys_of(const command& one) {
    const key_range range = range_of(one);
    std::vector<std::string_view> keys;
    for (std::size_t i = 0; i < range.count && range.begin + i * range.step < one.size(); ++i)
        keys.push_back(one.argument(range.begin + i * range.step));
    return keys;
}

std::string_view first_key(const command& one) {
    const key_range range = range_of(one);
    return range.count == 0 ? std::string_view() : one.argument(range.begin);
}

} // namespace weir::redis::detail
