// SPDX-License-Identifier: MIT
#include <weir/orm/transaction.hpp>

namespace weir::orm {

transaction::transaction(session& s) noexcept : reader(s) {}

transaction::~transaction() = default;

void transaction::on_commit(std::function<void()> f) { committed_.push_back(std::move(f)); }

} // namespace weir::orm
