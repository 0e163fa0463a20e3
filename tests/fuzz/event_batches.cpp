// SPDX-License-Identifier: MIT
// The recovery of an unfinished file keeps a prefix of whole batches, however the file is read; what it keeps is all
// readable, and batches followed by a torn one are all kept. The first byte chooses the format and the sizes of pieces.
#include "feed/batch_encoder.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

using namespace weir;
using feed::detail::batch_encoder;
using feed::detail::batch_scanner;

namespace {

std::uint64_t whole(event_compression how, std::string_view bytes, std::size_t piece) {
    batch_scanner scanner(how);
    while (!bytes.empty() && scanner.feed(bytes.substr(0, piece))) bytes.remove_prefix(std::min(piece, bytes.size()));
    return scanner.whole();
}

void check_any_file(event_compression how, std::string_view bytes, std::size_t piece) {
    const std::uint64_t kept = whole(how, bytes, bytes.size() + 1);
    require(kept <= bytes.size());
    require(whole(how, bytes, piece) == kept);
    require(whole(how, bytes.substr(0, kept), piece) == kept);
}

// Writes two batches and a part of a third.
void check_torn_file(event_compression how, std::string_view lines, std::size_t piece) {
    batch_encoder encoder(how, 1);
    std::string file;
    for (int n = 0; n < 2; ++n) {
        encoder.add(lines, file);
        encoder.add("\n", file);
        encoder.finish(file);
    }
    const std::size_t intact = file.size();
    encoder.add(lines, file);
    encoder.finish(file);
    if (how == event_compression::gzip) file.resize(intact + std::min(file.size() - intact - 1, piece));
    const std::uint64_t kept = whole(how, file, piece);
    require(how == event_compression::gzip ? kept == intact : kept >= intact);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto how = data[0] % 2 == 0 ? event_compression::none : event_compression::gzip;
    const std::size_t piece = 1 + data[0] / 2;
    check_any_file(how, bytes, piece);
    check_torn_file(how, bytes, piece);
    return 0;
}
