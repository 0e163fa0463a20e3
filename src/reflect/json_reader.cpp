// SPDX-License-Identifier: MIT
#include "reflect/json_builder.hpp"
#include "reflect/rapidjson_reader.hpp"

#include <cstring>
#include <limits>
#include <memory>

namespace weir::reflect::detail {

namespace {

using encoding = weir_rapidjson::UTF8<>;
using pool = weir_rapidjson::MemoryPoolAllocator<>;

// Iterative: nesting costs no stack. In place: strings are unescaped where they stand in a copy of the
// text. Numbers as text: the builder knows which type must hold them exactly.
constexpr unsigned flags =
    weir_rapidjson::kParseIterativeFlag | weir_rapidjson::kParseInsituFlag | weir_rapidjson::kParseNumbersAsStringsFlag;

// RapidJSON's events under weir's names.
struct event_adapter : weir_rapidjson::BaseReaderHandler<encoding, event_adapter> {
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
        return "something follows the document";
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
        return "half a surrogate pair";
    case kParseErrorStringEscapeInvalid:
        return "unknown escape or control character in a string";
    case kParseErrorStringMissQuotationMark:
        return "unfinished string";
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

// The copy of the text that is parsed in place, on the stack while it is small. Vector instructions read
// up to the next 16-byte boundary behind the closing NUL.
class scratch {
public:
    explicit scratch(std::string_view text) {
        if (text.size() + slack > sizeof few_) many_.reset(new char[text.size() + slack]);
        char* to = begin();
        for (std::size_t i = 0; i < text.size(); ++i) to[i] = refusable(text[i]);
        std::memset(to + text.size(), 0, slack);
    }

    char* begin() noexcept { return many_ ? many_.get() : few_; }

private:
    static constexpr std::size_t slack = 32;

    // RapidJSON 1.1 takes a NUL for the end of the document, and lets 0x1A to 0x1F pass inside strings
    // where it reads 16 bytes at a time. No JSON may contain them, so they become a byte that it refuses.
    static char refusable(char c) noexcept { return c == '\0' || (c >= 0x1A && c <= 0x1F) ? '\1' : c; }

    std::unique_ptr<char[]> many_;
    alignas(16) char few_[4096];
};

bool is_between_values(weir_rapidjson::ParseErrorCode code) noexcept {
    return code == weir_rapidjson::kParseErrorArrayMissCommaOrSquareBracket;
}

void parse(scratch& copy, json_builder& builder) {
    // Enough for RapidJSON's notes on 64 levels, so that it never asks for memory.
    alignas(16) char notes[2048];
    pool memory(notes, sizeof notes);
    weir_rapidjson::InsituStringStream stream(copy.begin());
    weir_rapidjson::GenericReader<encoding, encoding, pool> reader(&memory, 1024);
    event_adapter adapter(builder);
    const auto parsed = reader.Parse<flags>(stream, adapter);
    if (!parsed.IsError() || parsed.Code() == weir_rapidjson::kParseErrorTermination) return;
    std::string message(explain(parsed.Code()));
    message.append(" at byte ").append(std::to_string(parsed.Offset()));
    builder.malformed(std::move(message), !is_between_values(parsed.Code()));
}

} // namespace

result<void> read_json(std::string_view text, void* into, const json_type& type, const json_options& options) {
    if (text.size() >= std::numeric_limits<std::uint32_t>::max()) return errc::too_large;
    json_builder builder(into, type, options);
    scratch copy(text); // outlives the parse: paths point into it
    parse(copy, builder);
    return std::move(builder.mistakes()).finish();
}

} // namespace weir::reflect::detail
