// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>
#include <weir/http/multipart_parser.hpp>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

/// One field or file of a form whose body is in memory.
struct multipart_part {
    multipart_head head{};
    std::string_view content{}; ///< valid as long as the request
};

/// A multipart/form-data form with its fields and files, as a handler's parameter, for bodies up to the route's limit
/// (`router::max_body`). 415 for another media type, 400 for a malformed form, 413 over multipart_limits. For forms too
/// large for memory use `multipart_reader`.
class multipart {
public:
    explicit multipart(std::vector<multipart_part> parts) : parts_(std::move(parts)) {}

    const std::vector<multipart_part>& parts() const noexcept { return parts_; }
    /// Returns the first field of that name, or nothing.
    std::optional<std::string_view> field(std::string_view name) const noexcept;
    /// Returns the first file of that name, or null. An empty file input sends a file without name and content.
    const multipart_part* file(std::string_view name) const noexcept;

private:
    std::vector<multipart_part> parts_;
};

/// Parses the request's form with the given limits.
result<multipart> parse_multipart(const request& req, multipart_limits limits = {});

template<>
struct extractor<multipart> {
    static result<multipart> from(request& req) { return parse_multipart(req); }
};

} // namespace weir::http

namespace weir {
using http::multipart;
} // namespace weir
