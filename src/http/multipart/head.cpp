// SPDX-License-Identifier: MIT
#include "http/multipart/head.hpp"

#include "http/field/field_syntax.hpp"
#include "http/field/parameters.hpp"
#include "http/field/percent.hpp"
#include "http/message/framework_errors.hpp"
#include <weir/core/utf8.hpp>

#include <optional>

namespace weir::http::detail {

namespace {

error malformed(std::string_view why) { return framework_error(400, "multipart: " + std::string(why)); }

// RFC 2046 section 5.1.1: bchars, the last not a space.
bool valid_boundary(std::string_view text) noexcept {
    const auto fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= 70 && text.back() != ' ' && std::all_of(text.begin(), text.end(), fine);
}

bool is_text(std::string_view value) noexcept {
    return std::all_of(value.begin(), value.end(), [](char c) { return is(byte_class::text, c); });
}

// Removes folders of either kind; "." and ".." are folders too.
std::string_view base_name(std::string_view filename) noexcept {
    const auto slash = filename.find_last_of("/\\");
    if (slash != std::string_view::npos) filename.remove_prefix(slash + 1);
    return filename == "." || filename == ".." ? std::string_view{} : filename;
}

struct disposition {
    std::optional<std::string> name{};
    std::optional<std::string> filename{};
    std::optional<std::string> encoded_filename{};
};

bool note_once(std::optional<std::string>& place, const std::string& value) {
    if (place || !is_utf8(value)) return false;
    place = value;
    return true;
}

// Decodes UTF-8'language'a%20name (RFC 8187 section 3.2), or only its last part.
result<std::string> decode_extended(std::string_view value) {
    const auto charset_end = value.find('\'');
    if (charset_end != std::string_view::npos) {
        const auto language_end = value.find('\'', charset_end + 1);
        if (language_end == std::string_view::npos || !equal_no_case(value.substr(0, charset_end), "utf-8"))
            return malformed("a part's filename* isn't UTF-8''name");
        value.remove_prefix(language_end + 1);
    }
    std::string decoded;
    if (decode_segment(value, decoded) != percent_verdict::ok || !is_text(decoded))
        return malformed("a part's filename* can't be decoded");
    return decoded;
}

// `filename*` isn't for forms (RFC 7578 section 4.2): it is used only without a `filename`.
error settle_filename(disposition& said) {
    if (said.filename || !said.encoded_filename) return {};
    auto decoded = decode_extended(*said.encoded_filename);
    if (!decoded) return decoded.error();
    said.filename = std::move(*decoded);
    return {};
}

result<disposition> parse_disposition(std::string_view value) {
    if (!equal_no_case(media_type(value), "form-data"))
        return malformed("a part's Content-Disposition is not form-data");
    disposition made;
    parameter_list list(value.substr(std::min(value.find(';'), value.size())));
    while (list.next()) {
        const auto& one = list.one();
        if (equal_no_case(one.name, "name") && !note_once(made.name, one.value))
            return malformed("a part's name is given twice or isn't UTF-8");
        if (equal_no_case(one.name, "filename") && !note_once(made.filename, one.value))
            return malformed("a part's file name is given twice or isn't UTF-8");
        if (equal_no_case(one.name, "filename*") && !note_once(made.encoded_filename, one.value))
            return malformed("a part's filename* is given twice or isn't UTF-8");
    }
    if (list.malformed()) return malformed("a part's Content-Disposition is malformed");
    if (!made.name) return malformed("a part has no name");
    if (error wrong = settle_filename(made)) return wrong;
    return made;
}

// Parts aren't decoded, so any encoding that requires decoding is refused (RFC 7578 section 4.7).
bool is_plain_encoding(std::string_view encoding) noexcept {
    return equal_no_case(encoding, "binary") || equal_no_case(encoding, "8bit") || equal_no_case(encoding, "7bit");
}

// Collects the fields of a part, line by line.
class head_reader {
public:
    error read(std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_text(line))
            return malformed("a part has a malformed header field");
        const auto name = line.substr(0, colon);
        const auto value = trim(line.substr(colon + 1));
        if (equal_no_case(name, "content-disposition")) return note(disposition_, value);
        if (equal_no_case(name, "content-type")) return note(type_, value);
        if (equal_no_case(name, "content-transfer-encoding") && !is_plain_encoding(value))
            return malformed("a part has a Content-Transfer-Encoding");
        return {};
    }

    result<multipart_head> finish() {
        if (!disposition_) return malformed("a part has no Content-Disposition");
        auto said = parse_disposition(*disposition_);
        if (!said) return said.error();
        multipart_head head;
        head.name = std::move(*said->name);
        head.is_file = said->filename.has_value();
        if (head.is_file) head.filename = base_name(*said->filename);
        if (head.is_file) head.content_type = "application/octet-stream";
        if (type_) head.content_type = *type_;
        return head;
    }

private:
    static error note(std::optional<std::string_view>& place, std::string_view value) {
        if (place) return malformed("a part has a repeated header field");
        place = value;
        return {};
    }

    std::optional<std::string_view> disposition_;
    std::optional<std::string_view> type_;
};

} // namespace

result<std::string> boundary_of(std::string_view content_type) {
    if (!equal_no_case(media_type(content_type), "multipart/form-data"))
        return framework_error(415, "send the body as multipart/form-data");
    std::optional<std::string> boundary;
    parameter_list list(content_type.substr(std::min(content_type.find(';'), content_type.size())));
    while (list.next())
        if (equal_no_case(list.one().name, "boundary") && !note_once(boundary, list.one().value))
            return malformed("the boundary is given twice");
    if (list.malformed() || !boundary || !valid_boundary(*boundary))
        return malformed("the boundary is missing or invalid");
    return std::move(*boundary);
}

result<multipart_head> parse_part_head(std::string_view block) {
    head_reader reader;
    while (!block.empty()) {
        const auto end = block.find("\r\n");
        if (error broken = reader.read(block.substr(0, end))) return broken;
        block.remove_prefix(end + 2);
    }
    return reader.finish();
}

} // namespace weir::http::detail
