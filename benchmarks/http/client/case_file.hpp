// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace weir::bench {

/// A load case: its request, number of connections, and the only correct response.
struct load_case {
    std::string name{};
    std::string request{}; ///< the exact bytes of one request
    std::string body{};    ///< the exact bytes of the body expected back
    std::string content_type{"text/plain"};
    int status = 200;
    std::size_t connections = 64;
    std::size_t depth = 1; ///< requests in flight per connection
};

/// Reads a case file: settings (`name value` lines, `#` comments), a `---` line, then the request. Each line of its
/// head ends in CRLF on the wire; the text after the blank line, up to the file's last newline, is the body, whose
/// Content-Length is added. Without a `body` setting the request's body is expected back. Throws std::runtime_error
/// that names the line.
load_case read_case(std::istream& file, std::string name);
load_case read_case_file(const std::string& path);

} // namespace weir::bench
