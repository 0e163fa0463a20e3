// SPDX-License-Identifier: MIT
// A form binds to valid text and numbers that can be written again, or is refused as a client error.
#include "fuzz/require.hpp"
#include <weir/core/utf8.hpp>
#include <weir/http/form.hpp>

#include <boost/describe.hpp>

#include <string_view>

namespace {

struct order_form {
    std::string name{};
    std::int64_t count = 1;
    std::optional<double> tip{};
    std::optional<std::string> note{};
    bool gift{};
};
BOOST_DESCRIBE_STRUCT(order_form, (), (name, count, tip, note, gift))

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto bound = weir::http::detail::parse_form<order_form>(body);
    if (!bound) {
        require(weir::http::status_of(bound.error()) == 400);
        return 0;
    }
    require(weir::is_utf8(bound->name) && (!bound->note || weir::is_utf8(*bound->note)));
    require(bound->name.size() + (bound->note ? bound->note->size() : 0) <= size);
    require(body.find("count") != std::string_view::npos || body.find('%') != std::string_view::npos ||
            bound->count == 1);
    return 0;
}
