// SPDX-License-Identifier: MIT
#pragma once

#include "orm/exchange.hpp"

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::orm {

// Throws where a query has other columns than its row has members.
void require_columns(std::size_t columns, std::size_t members);

// A prepared statement with its into and use elements, which SOCI owns.
struct prepared {
    explicit prepared(soci::session& s) : statement(s) {}

    std::string sql{};
    soci::statement statement;
    std::vector<column_into*> outs{};
    std::vector<argument_use*> ins{};
    bool running = false;
    bool outdated = false;
};

// The prepared statements of one connection by their text; the one unused for longest makes room, but none that runs:
// what is done with a row may run statements of its own, also the same one.
class statement_cache {
public:
    // A statement for as long as it runs.
    class lease {
    public:
        explicit lease(prepared& running) noexcept : kept_(&running) { kept_->running = true; }
        explicit lease(std::unique_ptr<prepared> own) noexcept : own_(std::move(own)), kept_(own_.get()) {}
        lease(lease&& other) noexcept : own_(std::move(other.own_)), kept_(std::exchange(other.kept_, nullptr)) {}
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (kept_) kept_->running = false;
        }

        prepared& operator*() const noexcept { return *kept_; }
        prepared* operator->() const noexcept { return kept_; }

    private:
        std::unique_ptr<prepared> own_; // it goes with the lease
        prepared* kept_;
    };

    statement_cache(soci::session& s, const exchange_style& style, std::size_t capacity = 256)
        : session_(s), style_(style), capacity_(capacity) {}

    // The statement, prepared now if need be. Throws what SOCI throws; nothing is kept then.
    lease take(std::string_view sql, std::size_t ins, std::size_t outs);

    // The server may not know its statements any more: each is prepared again when it is taken.
    void outdate() noexcept;

private:
    using entries = std::list<prepared>;

    entries::iterator prepare(std::string_view sql, std::size_t ins, std::size_t outs);
    void fill(prepared& entry, std::string_view sql, std::size_t ins, std::size_t outs);
    bool forget_oldest();
    void forget(entries::iterator entry);

    soci::session& session_;
    const exchange_style& style_;
    std::size_t capacity_;
    entries recent_; // newest first
    std::unordered_map<std::string_view, entries::iterator> by_text_;
};

} // namespace weir::orm
