// SPDX-License-Identifier: MIT
#include "fuzz/require.hpp"
#include "reflect/json_reader.hpp"
#include "reflect/order.hpp"
#include <weir/reflect/json.hpp>
#include <weir/reflect/validate.hpp>

namespace detail = weir::reflect::detail;

namespace {

struct everything {
    shop::order order{};
    std::vector<everything> more{};
    std::optional<std::uint8_t> byte{};
    std::optional<std::uint64_t> huge{};
    std::optional<float> rough{};
};
BOOST_DESCRIBE_STRUCT(everything, (), (order, more, byte, huge, rough))

} // namespace

template<>
inline constexpr auto weir::schema<everything> =
    weir::object().field(&everything::order, weir::not_required).field(&everything::more, weir::not_required);

namespace {

// A document that the quick reader accepts yields the same value with the thorough one; otherwise both decide alike.
void compare_readers(std::string_view text, const weir::json_options& options) {
    everything value;
    everything thorough;
    const auto read = weir::from_json(text, value, options);
    const auto expected = detail::read_json_thoroughly(text, &thorough, detail::json_type_of<everything>, options);
    require(read.has_value() == expected.has_value());
    if (read) require(weir::to_json(value) == weir::to_json(thorough));
}

// A parsed value can be written and parsed back to the same text, and a refusal has a reason.
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

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const weir::json_options& options : {weir::json_options{}, {.refuse_unknown = true, .partial = true}}) {
        compare_readers(text, options);
        round_trip(text, options);
    }
    return 0;
}
