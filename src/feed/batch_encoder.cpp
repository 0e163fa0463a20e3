// SPDX-License-Identifier: MIT
#include "feed/batch_encoder.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#ifdef WEIR_WITH_ZLIB
#define ZLIB_CONST
#include <zlib.h>
#endif

namespace weir::feed::detail {

#ifdef WEIR_WITH_ZLIB

namespace {

constexpr int gzip_window = 15 + 16; // the largest window, with a gzip header
constexpr int default_memory = 8;
constexpr std::size_t piece = 64 * 1024;
constexpr std::size_t longest_input = std::numeric_limits<uInt>::max();

void set_input(z_stream& stream, std::string_view bytes) noexcept {
    stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
}

} // namespace

bool available(event_compression) noexcept { return true; }

struct batch_encoder::deflater {
    explicit deflater(int level) {
        if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, default_memory, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    deflater(const deflater&) = delete;
    deflater& operator=(const deflater&) = delete;
    ~deflater() { deflateEnd(&stream); }

    // Consumes the input; with Z_FINISH it also ends the member.
    void run(std::string_view bytes, int flush, std::string& out) {
        set_input(stream, bytes);
        do {
            const std::size_t before = out.size();
            out.resize(before + piece);
            stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
            stream.avail_out = piece;
            deflate(&stream, flush);
            out.resize(before + piece - stream.avail_out);
        } while (stream.avail_out == 0);
    }

    z_stream stream{};
};

struct batch_scanner::inflater {
    inflater() {
        if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc();
    }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;
    ~inflater() { inflateEnd(&stream); }

    // Consumes input up to the end of a member or of the input. The last output may be pending without more input.
    int run() {
        int status = Z_OK;
        do {
            stream.next_out = output.data();
            stream.avail_out = static_cast<uInt>(output.size());
            status = inflate(&stream, Z_NO_FLUSH);
        } while (status == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        return status == Z_BUF_ERROR && stream.avail_in == 0 ? Z_OK : status;
    }

    z_stream stream{};
    std::array<Bytef, 32 * 1024> output{};
};

#else

bool available(event_compression how) noexcept { return how == event_compression::none; }

struct batch_encoder::deflater {
    explicit deflater(int) {}
};
struct batch_scanner::inflater {};

#endif

batch_encoder::batch_encoder(event_compression how, int level)
    : deflater_(how == event_compression::gzip ? std::make_unique<deflater>(level) : nullptr) {}
batch_encoder::~batch_encoder() = default;

batch_scanner::batch_scanner(event_compression how)
    : inflater_(how == event_compression::gzip ? std::make_unique<inflater>() : nullptr) {}
batch_scanner::~batch_scanner() = default;

void batch_encoder::add(std::string_view lines, std::string& out) {
    if (!deflater_) {
        out += lines;
        return;
    }
#ifdef WEIR_WITH_ZLIB
    for (; lines.size() > longest_input; lines.remove_prefix(longest_input))
        deflater_->run(lines.substr(0, longest_input), Z_NO_FLUSH, out);
    if (!lines.empty()) deflater_->run(lines, Z_NO_FLUSH, out);
#endif
}

void batch_encoder::finish(std::string& out) {
    if (!deflater_) return;
#ifdef WEIR_WITH_ZLIB
    deflater_->run({}, Z_FINISH, out);
    reset();
#else
    static_cast<void>(out);
#endif
}

void batch_encoder::reset() noexcept {
#ifdef WEIR_WITH_ZLIB
    if (deflater_) deflateReset(&deflater_->stream);
#endif
}

bool batch_scanner::feed(std::string_view bytes) { return inflater_ ? feed_gzip(bytes) : feed_plain(bytes); }

bool batch_scanner::feed_plain(std::string_view bytes) noexcept {
    const std::size_t last = bytes.rfind('\n');
    if (last != std::string_view::npos) whole_ = fed_ + last + 1;
    fed_ += bytes.size();
    return true;
}

bool batch_scanner::feed_gzip(std::string_view bytes) {
#ifdef WEIR_WITH_ZLIB
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), longest_input))) {
        set_input(inflater_->stream, bytes.substr(0, longest_input));
        while (inflater_->stream.avail_in > 0) {
            const std::size_t before = inflater_->stream.avail_in;
            const int status = inflater_->run();
            fed_ += before - inflater_->stream.avail_in;
            if (status == Z_STREAM_END) {
                whole_ = fed_;
                inflateReset(&inflater_->stream);
            } else if (status != Z_OK) {
                return false;
            }
        }
    }
#else
    static_cast<void>(bytes);
#endif
    return true;
}

} // namespace weir::feed::detail
