// SPDX-License-Identifier: MIT
#include "redis/wire/reply_reader.hpp"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace weir::redis::detail {

#if HIREDIS_MAJOR >= 1
using element_count = std::size_t;
#else
using element_count = int;
#endif

// The reply that is being read. hiredis calls for its parts in their order, so the nodes are the tree in preorder.
struct reply_reader::building {
    explicit building(std::size_t limit) : max_reply(limit) {}

    // hiredis only asks whether an object is null, which means that there is no memory.
    void* add(const redisReadTask* of, reply_kind kind, std::int64_t integer, std::string_view text) noexcept {
        if (tree.bytes.size() + text.size() + (tree.nodes.size() + 1) * bytes_per_node > max_reply) {
            too_large = true;
            return nullptr;
        }
        try {
            tree.nodes.push_back({kind, integer, tree.bytes.size(), text.size(), 0});
            tree.bytes.append(text);
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        nested |= of->parent != nullptr;
        return this;
    }

    static building& of(const redisReadTask* task) noexcept { return *static_cast<building*>(task->privdata); }

    // Sets each node's `next`: elements come after their array, so they are visited before it.
    void link_nodes() noexcept {
        auto& nodes = tree.nodes;
        for (std::size_t i = nodes.size(); i-- > 0;) {
            std::size_t next = i + 1;
            if (nodes[i].kind == reply_kind::array)
                for (std::int64_t left = nodes[i].integer; left > 0; --left) next = nodes[next].next;
            nodes[i].next = next;
        }
    }

    void forget() {
        if (tree.bytes.capacity() > kept_bytes || tree.nodes.capacity() > kept_bytes / sizeof(reply_node))
            tree = {};
        else
            tree.clear();
    }

    static constexpr std::size_t kept_bytes = 256 * 1024;
    static constexpr std::size_t bytes_per_node = 4; // what an element takes at least on the wire: ":1\r\n"

    std::size_t max_reply;
    reply_tree tree{};
    bool nested = false;
    bool too_large = false;
};

namespace {

reply_kind kind_of(int type) noexcept {
    if (type == REDIS_REPLY_STATUS) return reply_kind::status;
    if (type == REDIS_REPLY_ERROR) return reply_kind::error;
    return reply_kind::string;
}

// The functions that the parser calls with each part of a reply.
template<class building>
redisReplyObjectFunctions* functions_for(const building&) noexcept {
    static redisReplyObjectFunctions all = [] {
        redisReplyObjectFunctions made{};
        made.createString = [](const redisReadTask* task, char* text, std::size_t size) -> void* {
            return building::of(task).add(task, kind_of(task->type), 0, {text, size});
        };
        made.createArray = [](const redisReadTask* task, element_count count) -> void* {
            building& mine = building::of(task);
            const auto elements = static_cast<std::size_t>(count);
            if (elements > mine.max_reply / building::bytes_per_node) {
                mine.too_large = true;
                return nullptr;
            }
            return mine.add(task, reply_kind::array, static_cast<std::int64_t>(count), {});
        };
        made.createInteger = [](const redisReadTask* task, long long value) -> void* {
            return building::of(task).add(task, reply_kind::integer, value, {});
        };
#if HIREDIS_MAJOR >= 1
        made.createDouble = [](const redisReadTask* task, double, char* text, std::size_t size) -> void* {
            return building::of(task).add(task, reply_kind::string, 0, {text, size});
        };
        made.createBool = [](const redisReadTask* task, int value) -> void* {
            return building::of(task).add(task, reply_kind::integer, value, {});
        };
#endif
        made.createNil = [](const redisReadTask* task) -> void* {
            return building::of(task).add(task, reply_kind::nil, 0, {});
        };
        made.freeObject = [](void*) {};
        return made;
    }();
    return &all;
}

} // namespace

reply_reader::reply_reader(std::size_t max_reply)
    : building_(std::make_unique<building>(max_reply)),
      reader_(redisReaderCreateWithFunctions(functions_for(*building_)), redisReaderFree) {
    if (!reader_) throw std::bad_alloc();
    reader_->privdata = building_.get();
}

reply_reader::~reply_reader() = default;

void reply_reader::feed(std::string_view bytes) {
    if (failure_) return;
    if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) fail();
}

const reply_tree* reply_reader::next() {
    if (failure_) return nullptr;
    building& mine = *building_;
    if (reader_->ridx == -1) mine.forget(); // the previous reply is complete
    void* complete = nullptr;
    if (redisReaderGetReply(reader_.get(), &complete) != REDIS_OK) {
        fail();
        return nullptr;
    }
    if (!complete) {
        check_size();
        return nullptr;
    }
    if (std::exchange(mine.nested, false))
        mine.link_nodes();
    else
        mine.tree.nodes.front().next = 1;
    return &mine.tree;
}

// The bytes that wait in the parser belong to one incomplete reply. Before a string's bytes comes the line with its
// length, so without the end of a line they are one line.
void reply_reader::check_size() {
    const std::size_t waiting = reader_->len - reader_->pos;
    building_->too_large = waiting + building_->tree.bytes.size() > building_->max_reply;
    const bool endless_line = waiting > max_line && !std::memchr(reader_->buf + reader_->pos, '\n', max_line);
    if (building_->too_large || endless_line) fail();
}

void reply_reader::fail() {
    if (building_->too_large)
        failure_ =
            error(errc::too_large,
                  "a reply of redis is larger than max_reply, " + std::to_string(building_->max_reply) + " bytes");
    else
        failure_ = error(errc::unavailable, "the server doesn't speak the redis protocol")
                       .caused_by(error(errc::unavailable, reader_->errstr));
}

} // namespace weir::redis::detail
