// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/router.hpp>

#include <cstdint>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

struct new_note {
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(new_note, (), (text))

struct note {
    std::int64_t id{};
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(note, (), (id, text))

template<>
inline constexpr auto weir::schema<new_note> =
    weir::object().field(&new_note::text, weir::not_empty, weir::max_length(200));

// Notes in memory. Handlers run on several threads, so a mutex guards them.
class note_api {
    std::mutex mutex_;
    std::vector<note> notes_;

public:
    // GET /notes
    std::vector<note> list() {
        const std::lock_guard lock(mutex_);
        return notes_;
    }

    // GET /notes/{id}
    weir::result<note> show(weir::path<"id", std::int64_t> id) {
        const std::lock_guard lock(mutex_);
        if (*id < 1 || *id > std::ssize(notes_)) return weir::error(weir::errc::not_found, "there is no such note");
        return notes_[static_cast<std::size_t>(*id - 1)];
    }

    // POST /notes
    weir::created<note> add(weir::body<new_note> in) {
        const std::lock_guard lock(mutex_);
        const note added{std::ssize(notes_) + 1, in->text};
        notes_.push_back(added);
        return {added, "/notes/" + std::to_string(added.id)};
    }

    void mount(weir::router& r) {
        r.get("/", &note_api::list, *this).get("/{id}", &note_api::show, *this).post("/", &note_api::add, *this);
    }
};
