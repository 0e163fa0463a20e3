// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/field/percent.hpp"
#include "http/message/request_access.hpp"
#include "http/message/request_head.hpp"
#include <weir/http/message.hpp>

#include <algorithm>

namespace weir::http {

namespace {

const detail::head_field* find_field(const detail::head_outline* head, const detail::head_field* fields,
                                     const char* bytes, std::string_view name) noexcept {
    if (head == nullptr) return nullptr;
    const detail::known_field known = detail::known_field_of(name);
    if (known != detail::known_field::none) return head->find(known, fields);
    for (std::size_t i = 0; i < head->field_count; ++i) {
        const detail::head_field& field = fields[i];
        if (field.name_size == name.size() && detail::equal_no_case(field.name_in({bytes, head->size}), name))
            return &field;
    }
    return nullptr;
}

} // namespace

http::method request::method() const noexcept { return head_ ? head_->verb : http::method::unknown; }

std::string_view request::method_name() const noexcept {
    return head_ ? std::string_view(bytes_ + head_->method_at, head_->method_size) : std::string_view{};
}

std::string_view request::target() const noexcept {
    return head_ ? std::string_view(bytes_ + head_->target, head_->target_size) : std::string_view{};
}

std::string_view request::path() const noexcept {
    return head_ ? head_->path_in({bytes_, head_->size}) : std::string_view{};
}

std::string_view request::query() const noexcept {
    return head_ ? head_->query_in({bytes_, head_->size}) : std::string_view{};
}

std::size_t request::header_count() const noexcept { return head_ ? head_->field_count : 0; }

header_view request::header_at(std::size_t index) const noexcept {
    const auto& field = fields_[index];
    return {field.name_in({bytes_, head_->size}), field.value_in({bytes_, head_->size})};
}

std::string_view request::header(std::string_view name) const noexcept {
    const detail::head_field* const field = find_field(head_, fields_, bytes_, name);
    return field != nullptr ? field->value_in({bytes_, head_->size}) : std::string_view{};
}

bool request::has_header(std::string_view name) const noexcept {
    return find_field(head_, fields_, bytes_, name) != nullptr;
}

std::string_view request::bearer() const noexcept {
    constexpr std::string_view scheme = "bearer ";
    const auto value = header("authorization");
    if (value.size() <= scheme.size() || !detail::equal_no_case(value.substr(0, scheme.size()), scheme)) return {};
    return value.substr(std::min(value.find_first_not_of(' ', scheme.size()), value.size()));
}

void response::clear() noexcept {
    status = 200;
    body.clear();
    headers.clear();
    if (failure) failure = {};
    tail.reset();
}

std::string_view reason(int code) {
    const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(code));
    if (known == status::unknown) return "Unknown";
    return boost::beast::http::obsolete_reason(known);
}

int status_of(const error& failure) noexcept {
    if (failure.status() != 0) return failure.status();
    switch (failure.kind()) {
    case errc::ok:
        return 200;
    case errc::invalid_argument:
        return 400;
    case errc::unauthenticated:
        return 401;
    case errc::permission_denied:
        return 403;
    case errc::not_found:
        return 404;
    case errc::already_exists:
    case errc::conflict:
        return 409;
    case errc::too_large:
        return 413;
    case errc::validation_failed:
        return 422;
    case errc::resource_exhausted:
        return 429;
    case errc::unimplemented:
        return 501;
    case errc::cancelled:
    case errc::unavailable:
        return 503;
    case errc::deadline_exceeded:
        return 504;
    case errc::unknown:
    case errc::internal:
        break;
    }
    return 500;
}

} // namespace weir::http
