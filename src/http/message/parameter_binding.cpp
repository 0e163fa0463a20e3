// SPDX-License-Identifier: MIT
#include "http/message/parameter_binding.hpp"

#include "reflect/scalar_text.hpp"
#include <weir/http/extract.hpp>

#include <string>

namespace weir::http::detail {

using reflect::detail::json_kind;
using reflect::detail::json_member;
using reflect::detail::json_type;

namespace {

error refused_parameter(std::string_view what, std::string_view name, std::string_view rule, std::string message) {
    std::string text(what);
    text.append(" ").append(name).append(": ").append(message);
    return error(errc::invalid_argument, std::move(text))
        .with_detail({std::string(name), std::string(rule), std::move(message)});
}

} // namespace

bool read_parameter(std::string_view text, const json_type& type, void* into) {
    if (type.kind == json_kind::boolean && (text == "1" || text == "on")) text = "true"; // an HTML checkbox sends "on"
    if (type.kind == json_kind::boolean && text == "0") text = "false";
    return reflect::detail::read_scalar(text, type, into);
}

error ill_typed_parameter(std::string_view what, std::string_view name, const json_type& type) {
    const std::string accepted = reflect::detail::accepted(type);
    const char* const one_of = type.choices.empty() ? "" : "one of ";
    return refused_parameter(what, name, "type", std::string("expected ").append(one_of).append(accepted));
}

parameter_binding::parameter_binding(const json_type& type, void* into, std::string_view what)
    : type_(type), into_(into), what_(what) {
    for (const auto& member : type.members)
        if (member.set_default != nullptr) member.set_default(into);
}

error parameter_binding::take(std::string_view name, std::string_view text) {
    for (std::size_t i = 0; i < type_.members.size(); ++i)
        if (type_.members[i].name == name) return take(type_.members[i], note(i), text);
    return {};
}

// Whether this is the member's first value.
bool parameter_binding::note(std::size_t index) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    const bool first = (seen_[index / 64] & bit) == 0;
    seen_[index / 64] |= bit;
    return first;
}

error parameter_binding::take(const json_member& member, bool first, std::string_view text) {
    const json_type* type = member.type;
    void* to = member.in(into_);
    if (type->kind == json_kind::optional) {
        // an empty input
        if (text.empty() && first && type->element->kind != json_kind::string &&
            type->element->kind != json_kind::list) {
            type->clear(to);
            return error();
        }
        to = type->add(to);
        type = type->element;
    }
    if (type->kind == json_kind::list) {
        if (first) type->clear(to);
        to = type->add(to);
        type = type->element;
    } else if (!first) {
        return refused_parameter(what_, member.name, "duplicate", "is given twice");
    }
    return read_parameter(text, *type, to) ? error() : ill_typed_parameter(what_, member.name, *type);
}

} // namespace weir::http::detail
