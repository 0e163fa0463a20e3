// SPDX-License-Identifier: MIT
#include <weir/orm/detail/value.hpp>

namespace weir::orm {

namespace {

// The type of an enum value without a described name: rejected when bound.
constexpr column_type unnamed_enum = [] {
    column_type type;
    type.kind = column_kind::enumeration;
    type.print = [](const void*, std::string&) { return false; };
    return type;
}();

} // namespace

value::value(std::string text) noexcept : kind_(kind::text), text_(std::move(text)) {}
value::value(std::string_view text) : kind_(kind::text), text_(text) {}
value::value(const char* text) : kind_(kind::text), text_(text) {}
value::value(const value& other) = default;
value::value(value&& other) noexcept = default;
value& value::operator=(const value& other) = default;
value& value::operator=(value&& other) noexcept = default;
value::~value() = default;

argument value::bound() const noexcept {
    switch (kind_) {
    case kind::whole:
        return {&column_type_of<std::int64_t>, &whole_};
    case kind::too_large:
        return {&column_type_of<std::uint64_t>, &whole_};
    case kind::real:
        return {&column_type_of<double>, &real_};
    case kind::text:
        return {&column_type_of<std::string>, &text_};
    case kind::unnamed:
        return {&unnamed_enum, &text_};
    case kind::time:
        return {&column_type_of<wall_time>, &time_};
    case kind::null:
        break;
    }
    return {};
}

std::vector<argument> bound(const std::vector<value>& values) {
    std::vector<argument> in;
    in.reserve(values.size());
    for (const auto& one : values) in.push_back(one.bound());
    return in;
}

} // namespace weir::orm
