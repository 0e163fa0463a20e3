// SPDX-License-Identifier: MIT
#include "reflect/json_reader.hpp"

#include "reflect/json_builder.hpp"
#include "reflect/json_quick_reader.hpp"
#include "reflect/rapidjson_reader.hpp"
#include <weir/core/utf8.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>

namespace weir::reflect::detail {

namespace {

// Iterative, so nesting costs no stack. In place, so strings are unescaped within a copy of the text. Numbers as
// strings, because the builder knows the type that must hold them exactly.
constexpr unsigned flags =
    weir_rapidjson::kParseIterativeFlag | weir_rapidjson::kParseInsituFlag | weir_rapidjson::kParseNumbersAsStringsFlag;

// Maps RapidJSON's events to the builder's functions.
struct event_adapter : weir_rapidjson::BaseReaderHandler<json_encoding, event_adapter> {
    explicit event_adapter(json_builder& to) : builder(to) {}

    bool Null() { return builder.null(); }
    bool Bool(bool value) { return builder.boolean(value); }
    bool RawNumber(const char* digits, unsigned size, bool) { return builder.number({digits, size}); }
    bool String(const char* text, unsigned size, bool) { return builder.string({text, size}); }
    bool StartObject() { return builder.begin_object(); }
    bool Key(const char* text, unsigned size, bool) { return builder.key({text, size}); }
    bool EndObject(unsigned) { return builder.end_object(); }
    bool StartArray() { return builder.begin_array(); }
    bool EndArray(unsigned) { return builder.end_array(); }

    json_builder& builder;
};

std::string_view explain(weir_rapidjson::ParseErrorCode code) noexcept {
    using namespace weir_rapidjson;
    switch (code) {
    case kParseErrorDocumentEmpty:
        return "the document is empty";
    case kParseErrorDocumentRootNotSingular:
        return "unexpected text after the document";
    case kParseErrorObjectMissName:
        return "expected a name in quotes";
    case kParseErrorObjectMissColon:
        return "expected a colon";
    case kParseErrorObjectMissCommaOrCurlyBracket:
        return "expected a comma or a closing brace";
    case kParseErrorArrayMissCommaOrSquareBracket:
        return "expected a comma or a closing bracket";
    case kParseErrorStringUnicodeEscapeInvalidHex:
        return "expected four hexadecimal digits after \\u";
    case kParseErrorStringUnicodeSurrogateInvalid:
        return "unpaired surrogate";
    case kParseErrorStringEscapeInvalid:
        return "unknown escape or control character in a string";
    case kParseErrorStringMissQuotationMark:
        return "unterminated string";
    case kParseErrorNumberTooBig:
        return "number too big";
    case kParseErrorNumberMissFraction:
        return "expected digits after the point";
    case kParseErrorNumberMissExponent:
        return "expected digits in the exponent";
    default:
        return "expected a value";
    }
}

// A copy of the text for in-place parsing, on the stack if it is small.
class scratch {
public:
    explicit scratch(std::string_view text) : size_(text.size()) {
        if (size_ > few) many_.reset(new char[size_ + json_text_slack]);
        data_ = many_ ? many_.get() : few_;
        std::memcpy(data_, text.data(), size_);
        std::memset(data_ + size_, 0, json_text_slack);
    }

    /// Replaces NULs inside the text, which RapidJSON takes for the end of the document, by a byte that it rejects.
    char* without_nuls() noexcept {
        for (char* nul = data_; (nul = static_cast<char*>(std::memchr(nul, 0, size_left(nul)))) != nullptr;) *nul = 1;
        return data_;
    }

    std::string_view text() const noexcept { return {data_, size_}; }

private:
    static constexpr std::size_t few = 4096;

    std::size_t size_left(const char* at) const noexcept { return size_ - static_cast<std::size_t>(at - data_); }

    std::size_t size_;
    char* data_;
    std::unique_ptr<char[]> many_;
    char few_[few + json_text_slack];
};

// Whether all strings of the text are certainly well-formed UTF-8: it is ASCII and has no escapes, which could be the
// lower half of a surrogate pair.
bool is_plain(std::string_view text) noexcept { return text.find('\\') == text.npos && is_ascii(text); }

bool is_between_values(weir_rapidjson::ParseErrorCode code) noexcept {
    return code == weir_rapidjson::kParseErrorArrayMissCommaOrSquareBracket;
}

void parse(scratch& copy, json_builder& builder) {
    // Enough for RapidJSON's stack at 64 levels, so that it never allocates.
    alignas(16) char notes[2048];
    json_memory memory(notes, sizeof notes);
    json_text stream(copy.without_nuls());
    json_parser reader(&memory, 1024);
    event_adapter adapter(builder);
    const auto parsed = reader.Parse<flags>(stream, adapter);
    if (!parsed.IsError() || parsed.Code() == weir_rapidjson::kParseErrorTermination) return;
    std::string message(explain(parsed.Code()));
    message.append(" at byte ").append(std::to_string(parsed.Offset()));
    builder.malformed(std::move(message), !is_between_values(parsed.Code()));
}

result<void> read_thoroughly(scratch& copy, void* into, const json_type& type, const json_options& options) {
    json_builder builder(into, type, options, copy.text().size(), !is_plain(copy.text()));
    parse(copy, builder);
    return std::move(builder.mistakes()).finish(); // the copy must still exist, because paths point into it
}

} // namespace

result<void> read_json(std::string_view text, void* into, const json_type& type, const json_options& options) {
    if (text.size() >= std::numeric_limits<std::uint32_t>::max()) return errc::too_large;
    scratch copy(text);
    if (read_quickly(copy.text(), into, type, options)) return {};
    return read_thoroughly(copy, into, type, options);
}

result<void> read_json_thoroughly(std::string_view text, void* into, const json_type& type,
                                  const json_options& options) {
    scratch copy(text);
    return read_thoroughly(copy, into, type, options);
}

} // namespace weir::reflect::detail
