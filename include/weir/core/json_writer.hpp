// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Appends `text` as a quoted JSON string (RFC 8259). Escapes only `"`, `\` and control characters; ill-formed UTF-8
/// becomes U+FFFD, so the output is always valid JSON. Allocates only in `out`.
void append_json(std::string& out, std::string_view text);

/// Appends the shortest digits that parse back to the same number; NaN and infinity, which JSON lacks, become null.
void append_json(std::string& out, double number);
void append_json(std::string& out, float number);

void append_json(std::string& out, std::nullptr_t);

namespace detail {

void append_json_signed(std::string& out, std::int64_t number);
void append_json_unsigned(std::string& out, std::uint64_t number);

} // namespace detail

/// Appends a boolean as true or false, any other integer exactly.
template<std::integral Number>
    requires(!std::same_as<Number, char>)
void append_json(std::string& out, Number number) {
    if constexpr (std::same_as<Number, bool>)
        out += number ? std::string_view("true") : std::string_view("false");
    else if constexpr (std::signed_integral<Number>)
        detail::append_json_signed(out, number);
    else
        detail::append_json_unsigned(out, number);
}

/// Appends a JSON document to a string piece by piece and inserts the commas; the caller must pair begin and end. Its
/// only state is the string, so two writers may alternate on one string.
///
///     json_writer(line).begin_object().member("level", "info").member("port", 8080).end_object();
class json_writer {
public:
    explicit json_writer(std::string& out) : out_(out), start_(out.size()) {}

    json_writer& begin_object() { return open('{'); }
    json_writer& end_object() { return close('}'); }
    json_writer& begin_array() { return open('['); }
    json_writer& end_array() { return close(']'); }

    json_writer& key(std::string_view name) {
        separate();
        append_json(out_, name);
        return close(':');
    }

    /// A string, a number, a boolean or nullptr.
    template<class Value>
    json_writer& value(const Value& value) {
        separate();
        append_json(out_, value);
        return *this;
    }

    /// Appends a value that is JSON already.
    json_writer& raw(std::string_view json) {
        separate();
        out_ += json;
        return *this;
    }

    template<class Value>
    json_writer& member(std::string_view name, const Value& value) {
        return key(name).value(value);
    }

private:
    // The last byte shows whether a value precedes: strings end in a quote, numbers in a digit.
    void separate() {
        if (out_.size() == start_) return;
        const char last = out_.back();
        if (last != '{' && last != '[' && last != ':') out_ += ',';
    }

    json_writer& open(char bracket) {
        separate();
        return close(bracket);
    }

    json_writer& close(char bracket) {
        out_ += bracket;
        return *this;
    }

    std::string& out_;
    std::size_t start_;
};

} // namespace weir
