// SPDX-License-Identifier: MIT
#include "reflect/json_mistakes.hpp"

namespace weir::reflect::detail {

result<void> json_mistakes::finish() && {
    if (found_.empty()) return {};
    const error_detail& first = found_.front();
    std::string message = first.field.empty() ? first.message : first.field + ": " + first.message;
    if (found_.size() > 1) message += " (and " + std::to_string(found_.size() - 1) + " more)";
    return error(errc::invalid_argument, std::move(message)).with_details(std::move(found_));
}

} // namespace weir::reflect::detail
