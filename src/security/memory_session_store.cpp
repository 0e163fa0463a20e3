// SPDX-License-Identifier: MIT
#include "security/session_table.hpp"

#include <stdexcept>

namespace weir {

namespace {

memory_session_store_options checked(memory_session_store_options options) {
    if (options.max_sessions == 0 || options.max_bytes == 0 || options.max_per_user == 0 || !options.clock)
        throw std::invalid_argument("weir: memory_session_store_options: limits are 1 or more, and there is a clock");
    return options;
}

} // namespace

memory_session_store::memory_session_store(memory_session_store_options options)
    : table_(std::make_unique<table>(checked(options), counts_)) {}

memory_session_store::~memory_session_store() = default;

task<result<session_record>> memory_session_store::load(std::string_view key) { co_return table_->load(key); }

task<result<void>> memory_session_store::create(std::string_view key, const session_changes& first) {
    co_return table_->create(key, first);
}

task<result<void>> memory_session_store::save(std::string_view key, const session_changes& changes) {
    co_return table_->save(key, changes);
}

task<result<void>> memory_session_store::rename(std::string_view from, std::string_view to,
                                                const session_changes& changes) {
    co_return table_->rename(from, to, changes);
}

task<result<void>> memory_session_store::erase(std::string_view key) {
    table_->erase(key);
    co_return ok();
}

task<result<std::vector<session_info>>> memory_session_store::sessions_of(std::string_view user) {
    co_return table_->sessions_of(user);
}

task<result<std::size_t>> memory_session_store::erase_others_of(std::string_view user, std::string_view key) {
    co_return table_->erase_others_of(user, key);
}

session_stats memory_session_store::stats() const {
    session_stats all = counts_.read();
    table_->add_to(all);
    return all;
}

} // namespace weir
