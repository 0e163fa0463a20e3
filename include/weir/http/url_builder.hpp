// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::http {

/// Percent-encodes all but RFC 3986's unreserved characters; a space becomes `%20`.
std::string percent_encode(std::string_view text);

/// Builds a URL from data: segments and query values are encoded, so no value can add a parameter or escape its
/// position.
///
///     url_builder("https://api.weixin.qq.com/sns/jscode2session").query("appid", id).query("js_code", code).str()
class url_builder {
public:
    /// `base` is used unchanged; it may already have a path and a query.
    explicit url_builder(std::string_view base) : text_(base), has_query_(base.find('?') != base.npos) {}

    /// Appends `/segment`; only before the first query parameter.
    url_builder& segment(std::string_view segment);
    url_builder& query(std::string_view name, std::string_view value);

    const std::string& str() const noexcept { return text_; }

private:
    std::string text_;
    bool has_query_;
};

} // namespace weir::http
