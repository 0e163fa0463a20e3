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
    std::string_view content{}; ///< lives as long as the request
};

/// A multipart/form-data form with its fields and files: a handler's parameter, for bodies up to the route's
/// limit (`router::max_body`). 415 for another media type, 400 for a malformed form, 413 over multipart_limits.
/// What is too large for memory comes by `multipart_reader`.
class multipart {
public:
    explicit multipart(std::vector<multipart_part> parts) : parts_(std::move(parts)) {}

    const std::vector<multipart_part>& parts() const noexcept { return parts_; }
    /// The first field of that name; nothing when it is absent.
    std::optional<std::string_view> field(std::string_view name) const noexcept;
    /// The first file of that name, null when it is absent. A file input left empty sends one without name and
    /// content.
    const multipart_part* file(std::string_view name) const noexcept;

private:
    std::vector<multipart_part> parts_;
};

/// The request's form, with limits of one's own.
result<multipart> parse_multipart(const request& req, multipart_limits limits = {});

template<>
struct extractor<multipart> {
    static result<multipart> from(request& req) { return parse_multipart(req); }
};

} // namespace weir::http

namespace weir {
using http::multipart;
} // namespace weir
