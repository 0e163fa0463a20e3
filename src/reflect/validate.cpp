// SPDX-License-Identifier: MIT
#include <weir/reflect/validate.hpp>

namespace weir::reflect::detail {

void violations::add(const path_step& where, std::string_view rule, std::string message) {
    if (!full()) found_.push_back({where.text(), std::string(rule), std::move(message)});
}

result<void> violations::finish() && {
    if (found_.empty()) return {};
    std::string message = found_.front().field + ": " + found_.front().message;
    if (found_.size() > 1) message += " (and " + std::to_string(found_.size() - 1) + " more)";
    return error(errc::validation_failed, std::move(message)).with_details(std::move(found_));
}

} // namespace weir::reflect::detail
