// SPDX-License-Identifier: MIT
#include <weir/core/json_sink.hpp>
#include <weir/core/json_writer.hpp>

namespace weir {

namespace {

template<class Number>
void append_number(std::string& out, Number number) {
    detail::json_sink sink(out);
    sink.need(detail::json_sink::number_size);
    sink.put_number(number);
}

} // namespace

void append_json(std::string& out, std::string_view text) { detail::json_sink(out).text(text); }
void append_json(std::string& out, double number) { append_number(out, number); }
void append_json(std::string& out, float number) { append_number(out, number); }
void append_json(std::string& out, std::nullptr_t) { out += "null"; }

void detail::append_json_signed(std::string& out, std::int64_t number) { append_number(out, number); }
void detail::append_json_unsigned(std::string& out, std::uint64_t number) { append_number(out, number); }

} // namespace weir
