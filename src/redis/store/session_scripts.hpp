// SPDX-License-Identifier: MIT
#pragma once

#include <weir/redis/script.hpp>

namespace weir::redis::detail {

/// The scripts of a session_store. Each has one key.
struct session_scripts {
    /// A new session: time to live, then fields and values. Returns whether the key was free.
    script create{R"(
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1)"};

    /// A change: time to live, number of the next arguments, fields and values, removed fields. Returns nil if the
    /// session has ended; otherwise its user if the index must be renewed, or an empty string.
    script save{R"(
local key, lives, set = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
if redis.call('HEXISTS', key, 'created') == 0 then return false end
redis.call('HSET', key, unpack(ARGV, 3, 2 + set))
if #ARGV > 2 + set then redis.call('HDEL', key, unpack(ARGV, 3 + set)) end
redis.call('PEXPIRE', key, lives)
local user = redis.call('HGET', key, 'user')
if not user then return '' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local indexed = tonumber(redis.call('HGET', key, 'indexed') or 0)
if now - indexed < lives / 10 then return '' end
redis.call('HSET', key, 'indexed', string.format('%.0f', now))
return user)"};

    /// Ends a session and returns its fields and values; none if there is none.
    script take{R"(
if redis.call('HEXISTS', KEYS[1], 'created') == 0 then return {} end
local all = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return all)"};

    /// Ends a session and returns its user, or an empty string; nil if there is none.
    script erase{R"(
if redis.call('HEXISTS', KEYS[1], 'created') == 0 then return false end
local user = redis.call('HGET', KEYS[1], 'user')
redis.call('DEL', KEYS[1])
return user or '')"};

    /// Ends a session if it is this user's: user, milliseconds. Returns whether it was. If there is none, the key is
    /// taken for that time, so that a login or rotation in progress doesn't create it.
    script end_of_user{R"(
local user = redis.call('HGET', KEYS[1], 'user')
if user == ARGV[1] then return redis.call('DEL', KEYS[1]) end
if ARGV[2] ~= '0' and redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'ended', 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0)"};

    /// Adds a session to its user's index, whose members expire: time to live, most members, the session. Returns the
    /// members that had to leave.
    script index{R"(
local key, lives, most, new = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
redis.call('ZADD', key, string.format('%.0f', now + lives), new)
if redis.call('PTTL', key) < lives then redis.call('PEXPIRE', key, lives) end
local over, left = redis.call('ZCARD', key) - most, {}
if over <= 0 then return left end
for _, one in ipairs(redis.call('ZRANGE', key, 0, over)) do
  if one ~= new and #left < over then
    redis.call('ZREM', key, one)
    left[#left + 1] = one
  end
end
return left)"};
};

} // namespace weir::redis::detail
