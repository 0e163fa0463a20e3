// SPDX-License-Identifier: MIT
#include "redis/queue/stream_scripts.hpp"

namespace weir::redis::detail {

namespace {

constexpr std::string_view prelude = R"(
local W = 'weir'
local function add(b, m, s, k, r, i)
    redis.call('XADD', b, '*', 'm', m, 's', s, 'k', k, 'r', r, 'i', i)
end
local function enter(b, m, s, k, r, i)
    if k ~= '' and redis.call('SADD', b .. ':busy', k) == 0 then
        redis.call('RPUSH', b .. ':lane:' .. k, cmsgpack.pack({m, s, k, r, i}))
        redis.call('INCR', b .. ':waiting')
    else
        add(b, m, s, k, r, i)
    end
end
local function leave(b, k)
    if k == '' then return end
    local packed = redis.call('LPOP', b .. ':lane:' .. k)
    if not packed then
        redis.call('SREM', b .. ':busy', k)
        return
    end
    redis.call('DECR', b .. ':waiting')
    local f = cmsgpack.unpack(packed)
    add(b, f[1], f[2], f[3], f[4], f[5])
end
local function now()
    local t = redis.call('TIME')
    return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function postpone(b, delay, leads, m, s, k, r, i)
    local n = redis.call('INCR', b .. ':seq')
    local one = string.format('%016x', n) .. cmsgpack.pack({m, s, k, r, i, leads})
    redis.call('ZADD', b .. ':late', now() + delay + 1, one)
end
local function waiting(b)
    return tonumber(redis.call('GET', b .. ':waiting') or '0')
end
local function fields(list)
    local f = {m = '', s = '', k = '', r = '0', i = ''}
    for j = 1, #list, 2 do f[list[j]] = list[j + 1] end
    return f
end
)";

constexpr std::string_view declare_source = R"(
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1] .. ':' .. ARGV[1], W, '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP') then return made end
redis.call('SADD', KEYS[1], ARGV[1])
return 1)";

constexpr std::string_view publish_source = R"(
local groups = redis.call('SMEMBERS', KEYS[1])
local limit = tonumber(ARGV[1])
for _, g in ipairs(groups) do
    local b = KEYS[1] .. ':' .. g
    if redis.call('XLEN', b) + redis.call('ZCARD', b .. ':late') + waiting(b) >= limit then return -2 end
end
for _, g in ipairs(groups) do
    local b = KEYS[1] .. ':' .. g
    if ARGV[2] == '0' then
        enter(b, ARGV[3], '', ARGV[4], '0', ARGV[5])
    else
        postpone(b, tonumber(ARGV[2]), 0, ARGV[3], '', ARGV[4], '0', ARGV[5])
    end
end
return #groups)";

// A verdict counts only if the message still belongs to the consumer, so a verdict that is sent twice does no harm.
constexpr std::string_view settle_source = R"(
local b, refused = KEYS[1], 0
for j = 3, #ARGV, 5 do
    local id, how, k, s = ARGV[j], ARGV[j + 1], ARGV[j + 2], ARGV[j + 4]
    local p = redis.call('XPENDING', b, W, id, id, 1)
    if p[1] and p[1][2] == ARGV[1] then
        local e = how ~= 'done' and redis.call('XRANGE', b, id, id)[1]
        redis.call('XACK', b, W, id)
        redis.call('XDEL', b, id)
        local f = e and fields(e[2])
        if not f then
            leave(b, k)
        elseif how == 'retry' then
            postpone(b, tonumber(ARGV[j + 3]), 1, f.m, s, f.k, '1', f.i)
        elseif how == 'dead' then
            redis.call('XADD', b .. ':dead', 'MAXLEN', ARGV[2], '*', 'm', f.m, 's', s, 'k', f.k, 'i', f.i)
            leave(b, f.k)
        else
            add(b, f.m, f.s, f.k, '1', f.i)
        end
    else
        refused = refused + 1
    end
end
return refused)";

constexpr std::string_view promote_source = R"(
local b, t = KEYS[1], now()
local due = redis.call('ZRANGEBYSCORE', b .. ':late', '-inf', t, 'LIMIT', 0, ARGV[1])
for _, one in ipairs(due) do
    redis.call('ZREM', b .. ':late', one)
    local f = cmsgpack.unpack(string.sub(one, 17))
    if f[6] == 1 then
        add(b, f[1], f[2], f[3], f[4], f[5])
    else
        enter(b, f[1], f[2], f[3], f[4], f[5])
    end
end
local first = redis.call('ZRANGE', b .. ':late', 0, 0, 'WITHSCORES')
local head = redis.call('XRANGE', b, '-', '+', 'COUNT', 1)[1]
return {first[2] and math.max(0, tonumber(first[2]) - t) or -1,
    redis.call('XLEN', b), redis.call('ZCARD', b .. ':late'), waiting(b), redis.call('XPENDING', b, W)[1],
    redis.call('XLEN', b .. ':dead'), head and math.max(0, t - tonumber(string.match(head[1], '%d+'))) or 0})";

constexpr std::string_view keep_source = R"(
for j = 2, #ARGV do
    local p = redis.call('XPENDING', KEYS[1], W, ARGV[j], ARGV[j], 1)
    if p[1] and p[1][2] == ARGV[1] then redis.call('XCLAIM', KEYS[1], W, ARGV[1], 0, ARGV[j], 'JUSTID') end
end
return 1)";

constexpr std::string_view abandon_source = R"(
local b = KEYS[1]
local all = redis.call('XPENDING', b, W, '-', '+', 100, ARGV[1])
for _, p in ipairs(all) do
    local e = redis.call('XRANGE', b, p[1], p[1])[1]
    redis.call('XACK', b, W, p[1])
    redis.call('XDEL', b, p[1])
    if e then
        local f = fields(e[2])
        add(b, f.m, f.s, f.k, '1', f.i)
    end
end
if #all == 100 then return 1 end
redis.call('XGROUP', 'DELCONSUMER', b, W, ARGV[1])
return 0)";

constexpr std::string_view prune_source = R"(
local all = redis.call('XINFO', 'CONSUMERS', KEYS[1], W)
for _, one in ipairs(all) do
    local c = fields(one)
    if c.pending == 0 and c.idle > tonumber(ARGV[1]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], W, c.name)
    end
end
return 1)";

constexpr std::string_view list_dead_source = R"(
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then return false end
return redis.call('XRANGE', KEYS[1] .. ':' .. ARGV[1] .. ':dead', '-', '+', 'COUNT', ARGV[2]))";

constexpr std::string_view edit_dead_source = R"(
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then return false end
local b, last = KEYS[1] .. ':' .. ARGV[1], ARGV[5]
local d = b .. ':dead'
if last == '' then
    local e = redis.call('XREVRANGE', d, '+', '-', 'COUNT', 1)[1]
    if not e then return {0, '', ''} end
    last = e[1]
end
local all, n = redis.call('XRANGE', d, ARGV[4], last, 'COUNT', 200), 0
for _, e in ipairs(all) do
    local f = fields(e[2])
    if ARGV[2] == '' or f.i == ARGV[2] then
        redis.call('XDEL', d, e[1])
        if ARGV[3] == 'requeue' then enter(b, f.m, '', f.k, '1', f.i) end
        n = n + 1
    end
end
return {n, #all == 200 and '(' .. all[200][1] or '', last})";

script with_prelude(std::string_view source) { return script(std::string(prelude).append(source)); }

} // namespace

stream_scripts::stream_scripts()
    : declare(with_prelude(declare_source)), publish(with_prelude(publish_source)), settle(with_prelude(settle_source)),
      promote(with_prelude(promote_source)), keep(with_prelude(keep_source)), abandon(with_prelude(abandon_source)),
      prune(with_prelude(prune_source)), list_dead(with_prelude(list_dead_source)),
      edit_dead(with_prelude(edit_dead_source)) {}

const stream_scripts& scripts() {
    static const stream_scripts all;
    return all;
}

} // namespace weir::redis::detail
