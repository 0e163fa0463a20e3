// SPDX-License-Identifier: MIT
// Cookies are parts of the field in order; a cookie that can be set is read back unchanged.
#include "fuzz/require.hpp"
#include <weir/http/cookie.hpp>

#include <string>
#include <string_view>

using namespace weir;

namespace {

void check_set(std::string_view name, std::string_view value) {
    const auto field = http::to_field({.name = std::string(name), .value = std::string(value)});
    if (!field) return require(field.error() == errc::invalid_argument);
    require(field->find_first_of("\r\n") == std::string::npos);
    http::cookie_pairs again(*field);
    require(again.next() && again.pair().name == name && again.pair().value == value);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view field(reinterpret_cast<const char*>(data), size);
    const char* at = field.data();
    for (http::cookie_pairs pairs(field); pairs.next();) {
        const auto& [name, value] = pairs.pair();
        require(!name.empty() && name.data() >= at && value.data() >= name.data() + name.size());
        require(name.find_first_of("=;") == std::string_view::npos && value.find(';') == std::string_view::npos);
        at = value.data() + value.size();
        require(at <= field.data() + field.size());
        check_set(name, value);
    }
    return 0;
}
