// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::bench {

/// Splits one connection's bytes into responses and checks status, Content-Length and body of each. Not a general
/// parser: a response without a Content-Length counts as wrong.
class response_reader {
public:
    response_reader(int status, std::string_view body) : status_(status), body_(body) {}

    /// Consumes received bytes; returns how many responses they completed. Throws std::runtime_error at the first wrong
    /// one.
    std::size_t take(std::string_view bytes);

private:
    bool take_one(std::string_view& bytes);
    void check(std::string_view head, std::string_view body) const;

    int status_;
    std::string_view body_;
    std::string accepted_; // the last response parsed in full: most others are byte-identical
    std::string rest_;
};

} // namespace weir::bench
