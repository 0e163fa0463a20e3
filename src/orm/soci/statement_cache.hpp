// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/column_binding.hpp"

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::orm {

// Throws if the numbers of a query's columns and its row's members differ.
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

// The prepared statements of one connection by their SQL. Evicts the least recently used, but never a running one: code
// that handles a row may run other statements, or the same one again.
class statement_cache {
public:
    // A statement while it runs.
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
        std::unique_ptr<prepared> own_; // destroyed with the lease
        prepared* kept_;
    };

    statement_cache(soci::session& s, const driver_style& style, std::size_t capacity = 256)
        : session_(s), style_(style), capacity_(capacity) {}

    // The statement, prepared if necessary. Throws SOCI's exceptions; caches nothing then.
    lease take(std::string_view sql, std::size_t ins, std::size_t outs);

    // The server may have lost its statements: each is prepared again at its next use.
    void outdate() noexcept;

private:
    using entries = std::list<prepared>;

    entries::iterator prepare(std::string_view sql, std::size_t ins, std::size_t outs);
    void fill(prepared& entry, std::string_view sql, std::size_t ins, std::size_t outs);
    bool forget_oldest();
    void forget(entries::iterator entry);

    soci::session& session_;
    const driver_style& style_;
    std::size_t capacity_;
    entries recent_; // newest first
    std::unordered_map<std::string_view, entries::iterator> by_text_;
};

} // namespace weir::orm
