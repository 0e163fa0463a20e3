// SPDX-License-Identifier: MIT
#include "reflect/order.hpp"
#include <weir/reflect/json.hpp>
#include <weir/reflect/validate.hpp>

#include <cstdlib>

namespace {

struct everything {
    shop::order order{};
    std::vector<everything> more{};
    std::optional<std::uint8_t> byte{};
    std::optional<std::uint64_t> huge{};
    std::optional<float> rough{};
};
BOOST_DESCRIBE_STRUCT(everything, (), (order, more, byte, huge, rough))

void require(bool holds) {
    if (!holds) std::abort();
}

// What was read can be written, reads back as the same text, and a refusal has a reason.
void round_trip(std::string_view text, const weir::json_options& options) {
    everything value;
    const auto read = weir::from_json(text, value, options);
    if (!read) {
        require(!read.error().details().empty());
        (void)read.error().describe();
        return;
    }
    (void)weir::validate(value);
    const std::string written = weir::to_json(value);
    const auto again = weir::from_json<everything>(written);
    require(again.has_value());
    require(weir::to_json(*again) == written);
}

} // namespace

template<>
inline constexpr auto weir::schema<everything> =
    weir::object().field(&everything::order, weir::not_required).field(&everything::more, weir::not_required);

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    round_trip(text, {});
    round_trip(text, {.refuse_unknown = true, .partial = true});
    return 0;
}
