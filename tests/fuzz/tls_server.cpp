// SPDX-License-Identifier: MIT
// For any bytes instead of a handshake, split anywhere: no plaintext comes out, the response stays bounded, and the
// split doesn't affect the outcome.
#include "fuzz/require.hpp"
#include "http/tls/context.hpp"
#include "http/tls/engine.hpp"
#include "support/certificate_folder.hpp"

#include <array>
#include <span>
#include <string>

using namespace weir;
using http::detail::tls_context;
using http::detail::tls_engine;

namespace {

tls_engine::step hear(tls_engine& server, std::span<const char> bytes) {
    std::array<char, tls_engine::record> room;
    std::string out;
    std::size_t size = 0;
    server.feed(bytes);
    const auto came = server.read(room, size, out);
    server.feed({});
    require(came != tls_engine::step::piece && size == 0 && !server.ready());
    require(out.size() < 16 * 1024);
    return came;
}

tls_engine::step hear_both(SSL_CTX* context, std::span<const char> bytes, std::size_t cut) {
    tls_engine server(context, tls_engine::role::server);
    const auto first = hear(server, bytes.first(cut));
    return first == tls_engine::step::more ? hear(server, bytes.subspan(cut)) : first;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const test_support::certificate_folder files;
    static const auto context = tls_context::load(files.options(http::client_certificates::requested)).value();
    const std::span<const char> bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = size == 0 ? 0 : data[size - 1] % size;
    const auto whole = hear_both(context->native(), bytes, 0);
    require(hear_both(context->native(), bytes, cut) == whole);
    return 0;
}
