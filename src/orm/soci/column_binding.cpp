// SPDX-License-Identifier: MIT
#include "orm/soci/column_binding.hpp"

#include <weir/core/error.hpp>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <string_view>

namespace weir::orm {

namespace sd = soci::details;

namespace {

// Reads `t` and `f` (PostgreSQL), or a number (other databases).
bool read_boolean(std::string_view text, long long& to) {
    if (text == "t" || text == "f") {
        to = text == "t" ? 1 : 0;
        return true;
    }
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), to);
    return failed == std::errc() && end == text.data() + text.size();
}

} // namespace

void column_into::define(sd::statement_impl& st, int& position) {
    statement_ = st.get_backend();
    backend_.reset(st.make_into_type_backend());
    position_ = position++;
}

void column_into::point_at(const target& to) {
    to_ = to;
    const bool direct = !to.type->nullable();
    int position = position_;
    switch (to.type->kind) {
    case column_kind::boolean:
        if (style_.text_booleans) return backend_->define_by_pos(position, &text_, sd::x_stdstring);
        [[fallthrough]];
    case column_kind::integer:
        return backend_->define_by_pos(position, &integer_, sd::x_long_long);
    case column_kind::real:
        return backend_->define_by_pos(position, direct ? to.data : &real_, sd::x_double);
    case column_kind::text:
        return backend_->define_by_pos(position, direct ? to.data : &text_, sd::x_stdstring);
    case column_kind::time:
    case column_kind::enumeration:
        return backend_->define_by_pos(position, &text_, sd::x_stdstring);
    }
}

void column_into::post_fetch(bool got_data, bool called_from_fetch) {
    errno = 0; // ERANGE is the only sign that SOCI clamped a number to 64 bits: PostgreSQL's sums are wider
    backend_->post_fetch(got_data, called_from_fetch, &indicator_);
    if (got_data && errno == ERANGE && to_.type->kind == column_kind::integer)
        refuse("holds a number out of range for its member");
    if (got_data) deliver();
}

namespace {

// A column's name. SOCI returns it with the type, whose enumeration differs from 4.1 on.
template<class Type>
std::string name_of(int column, sd::statement_backend& st,
                    void (sd::statement_backend::*describe)(int, Type&, std::string&)) {
    std::string name;
    Type type{};
    (st.*describe)(column, type, name);
    return name;
}

} // namespace

// Throws with the column's name in the query.
void column_into::refuse(const char* why) const {
    const std::string name = name_of(position_, *statement_, &sd::statement_backend::describe_column);
    throw binding_error(errc::internal, "column '" + name + "' " + why);
}

void column_into::deliver() {
    if (indicator_ == soci::i_null) {
        if (!to_.type->nullable()) refuse("holds NULL but its member isn't optional");
        return to_.type->clear(to_.data);
    }
    if (style_.is_of_kind && !style_.is_of_kind(*statement_, position_, to_.type->kind))
        refuse("holds a value of another type than its member");
    deliver_to(to_.type->nullable() ? to_.type->engage(to_.data) : to_.data);
}

void column_into::deliver_to(void* data) {
    switch (to_.type->kind) {
    case column_kind::boolean:
        if (style_.text_booleans && !read_boolean(text_, integer_)) refuse("holds a string that isn't a boolean");
        [[fallthrough]];
    case column_kind::integer:
        if (!to_.type->store(data, integer_)) refuse("holds a number out of range for its member");
        return;
    case column_kind::real:
        if (to_.type->nullable()) *static_cast<double*>(data) = real_;
        return;
    case column_kind::text:
        if (to_.type->nullable()) static_cast<std::string*>(data)->swap(text_);
        return;
    case column_kind::time:
    case column_kind::enumeration:
        if (!to_.type->parse(data, text_)) refuse("holds a string that its member can't represent");
        return;
    }
}

void column_into::clean_up() {
    if (backend_) backend_->clean_up();
    backend_.reset();
}

void argument_use::bind(sd::statement_impl& st, int& position) {
    backend_.reset(st.make_use_type_backend());
    position_ = position++;
}

void argument_use::bind_data(const void* data, sd::exchange_type type) {
    int position = position_;
    indicator_ = soci::i_ok;
    backend_->bind_by_pos(position, const_cast<void*>(data), type, true);
}

void argument_use::bind_text(const std::string& text) {
    if (text.find('\0') != std::string::npos) // PostgreSQL can't store it, so every database rejects it
        throw binding_error(errc::invalid_argument, "a string with the character U+0000 can't be stored");
    bind_data(&text, sd::x_stdstring);
}

void argument_use::bind_real(const double& number) {
    if (!std::isfinite(number)) // each database treats it differently
        throw binding_error(errc::invalid_argument, "a number that isn't finite can't be stored");
    bind_data(&number, sd::x_double);
}

void argument_use::point_at(const argument& from) {
    const void* data = from.data;
    if (from.type && from.type->nullable()) data = from.type->value(data);
    if (!from.type || !data) {
        bind_data(&integer_, sd::x_long_long);
        indicator_ = soci::i_null;
        return;
    }
    std::int64_t number = 0;
    switch (from.type->kind) {
    case column_kind::integer:
    case column_kind::boolean:
        if (!from.type->load(data, number))
            throw binding_error(errc::invalid_argument, "a number is too large to store");
        integer_ = number;
        if (from.type->kind == column_kind::boolean && style_.text_booleans)
            return bind_text(text_ = number ? "t" : "f");
        return bind_data(&integer_, sd::x_long_long);
    case column_kind::real:
        return bind_real(*static_cast<const double*>(data));
    case column_kind::text:
        return bind_text(*static_cast<const std::string*>(data));
    case column_kind::time:
    case column_kind::enumeration:
        text_.clear();
        if (!from.type->print(data, text_)) throw binding_error(errc::invalid_argument, "a value can't be stored");
        if (from.type->kind == column_kind::time && style_.plain_times) {
            text_[text_.find('T')] = ' ';
            text_.pop_back();
        }
        return bind_text(text_);
    }
}

void argument_use::clean_up() {
    if (backend_) backend_->clean_up();
    backend_.reset();
}

} // namespace weir::orm
