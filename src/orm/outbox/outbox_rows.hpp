// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/outbox.hpp>
#include <weir/orm/outbox_store.hpp>

namespace weir::orm {

/// Makes the row of a message that a queue would accept. errc::invalid_argument for a key, an id, a content type or a
/// header that isn't UTF-8 or contains U+0000, which not all databases can store; a body may be anything.
result<outbox_row> row_of(const message& one, wall_time now);

/// Restores the message of a row; its delay is the part of it that is left.
result<outbox_entry> entry_of(outbox_row row, wall_time now);

/// The failure as a string that fits outbox_row::last_failure.
std::string failure_text(const error& failure);

} // namespace weir::orm
