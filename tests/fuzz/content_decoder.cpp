// SPDX-License-Identifier: MIT
// No input makes a decoder exceed its limit, and encoded data decodes to itself however it is split. The first byte
// selects the mode: g and b decode, anything else encodes and decodes.
#include "http/wire/content_decoder.hpp"

#include "fuzz/require.hpp"
#include "http/wire/content_encoder.hpp"
#include "support/decode.hpp"

#include <string>
#include <string_view>

using namespace weir::http::detail;

namespace {

constexpr std::size_t limit = 100000;

// Decodes at once and byte by byte: both must report and yield the same.
void decode(content_coding coding, std::string_view bytes) {
    content_decoder whole(coding, limit);
    std::string once;
    const bool good = test_support::decode(whole, bytes, once).has_value();
    require(once.size() <= limit);
    content_decoder pieces(coding, limit);
    std::string piecewise;
    bool still_good = true;
    for (std::size_t at = 0; at < bytes.size() && still_good; ++at)
        still_good = test_support::decode(pieces, bytes.substr(at, 1), piecewise).has_value();
    require(good == still_good);
    if (good) require(once == piecewise && whole.complete() == pieces.complete());
}

void round_trip(content_coding coding, std::string_view text) {
    content_encoder encoder(coding, {});
    std::string bytes;
    encoder.write(text.substr(0, text.size() / 3), bytes);
    encoder.flush(bytes);
    encoder.write(text.substr(text.size() / 3), bytes);
    encoder.finish(bytes);
    content_decoder decoder(coding, text.size());
    std::string again;
    require(test_support::decode(decoder, bytes, again).has_value() && decoder.complete() && again == text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] == 'g') decode(content_coding::gzip, bytes);
    if (data[0] == 'b') decode(content_coding::brotli, bytes);
    if (data[0] == 't')
        for (const auto coding : {content_coding::gzip, content_coding::brotli}) round_trip(coding, bytes);
    return 0;
}
