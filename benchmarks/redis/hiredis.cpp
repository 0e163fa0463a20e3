// SPDX-License-Identifier: MIT
// --port N --in-flight N --operations N: hiredis's blocking client, in pipelines of that many GETs.
#include "redis/load.hpp"

#include <hiredis/hiredis.h>

#include <cstring>
#include <memory>
#include <stdexcept>

namespace {

struct close_context {
    void operator()(redisContext* one) const noexcept { redisFree(one); }
};
using context = std::unique_ptr<redisContext, close_context>;

void take(redisContext& from, const char* expected) {
    void* got = nullptr;
    if (redisGetReply(&from, &got) != REDIS_OK) throw std::runtime_error(from.errstr);
    auto* const reply = static_cast<redisReply*>(got);
    const bool right = reply->str && std::strcmp(reply->str, expected) == 0;
    freeReplyObject(reply);
    if (!right) throw std::logic_error("a value is wrong");
}

} // namespace

int main(int argc, char** argv) {
    const auto connect = [](const bench_redis::load& all) {
        context made(redisConnect("127.0.0.1", all.port));
        if (!made || made->err) throw std::runtime_error("no connection");
        redisAppendCommand(made.get(), "SET key %s", bench_redis::value);
        take(*made, "OK");
        return made;
    };
    const auto work = [](redisContext& on, const bench_redis::load& all) {
        const char* words[]{"GET", "key"};
        const std::size_t sizes[]{3, 3};
        for (int done = 0; done < all.operations; done += all.in_flight) {
            for (int i = 0; i < all.in_flight; ++i) redisAppendCommandArgv(&on, 2, words, sizes);
            for (int i = 0; i < all.in_flight; ++i) take(on, bench_redis::value);
        }
    };
    return bench_redis::main_of("redis_hiredis", argc, argv, connect, work);
}
