// SPDX-License-Identifier: MIT
#include "http/wire/content_encoder.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

#ifdef WEIR_WITH_ZLIB
#include <zlib.h>
#endif
#ifdef WEIR_WITH_BROTLI
#include <brotli/encode.h>
#endif

namespace weir::http::detail {

namespace {

enum class step : std::uint8_t { take, flush, finish };

} // namespace

struct content_encoder::engine {
    virtual ~engine() = default;
    virtual void run(std::string_view bytes, step what, std::string& out) = 0;
};

namespace {

#ifdef WEIR_WITH_ZLIB

class gzip_engine final : public content_encoder::engine {
public:
    explicit gzip_engine(int level) {
        constexpr int with_gzip_header = 16;
        constexpr int default_memory = 8;
        if (deflateInit2(&stream_, level, Z_DEFLATED, MAX_WBITS + with_gzip_header, default_memory,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    gzip_engine(const gzip_engine&) = delete;
    gzip_engine& operator=(const gzip_engine&) = delete;
    ~gzip_engine() override { deflateEnd(&stream_); }

    void run(std::string_view bytes, step what, std::string& out) override {
        constexpr std::array<int, 3> flushes{Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
        constexpr std::size_t most = 1U << 30; // zlib uses unsigned int for sizes
        for (; bytes.size() > most; bytes.remove_prefix(most)) deflate_all(bytes.substr(0, most), Z_NO_FLUSH, out);
        deflate_all(bytes, flushes[static_cast<std::size_t>(what)], out);
    }

private:
    void deflate_all(std::string_view bytes, int flush, std::string& out) {
        std::array<unsigned char, 16384> room;
        stream_.next_in = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
        stream_.avail_in = static_cast<unsigned>(bytes.size());
        do {
            stream_.next_out = room.data();
            stream_.avail_out = room.size();
            deflate(&stream_, flush); // for valid input, the only error is "nothing to do"
            out.append(reinterpret_cast<const char*>(room.data()), room.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

    z_stream stream_{};
};

#endif

#ifdef WEIR_WITH_BROTLI

class brotli_engine final : public content_encoder::engine {
public:
    explicit brotli_engine(const encoder_options& options)
        : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr), &BrotliEncoderDestroyInstance) {
        if (!state_) throw std::bad_alloc();
        set(BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(options.brotli_quality));
        set(BROTLI_PARAM_LGWIN, window_bits(options.size));
        set(BROTLI_PARAM_SIZE_HINT, static_cast<std::uint32_t>(std::min<std::size_t>(options.size, 1U << 30)));
    }

    void run(std::string_view bytes, step what, std::string& out) override {
        constexpr std::array<BrotliEncoderOperation, 3> operations{
            BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH};
        const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
        std::size_t left = bytes.size();
        do {
            std::size_t room = 0;
            if (!BrotliEncoderCompressStream(
                    state_.get(), operations[static_cast<std::size_t>(what)], &left, &next, &room, nullptr, nullptr))
                throw std::bad_alloc();
            std::size_t made = 0;
            const auto* bytes_out = BrotliEncoderTakeOutput(state_.get(), &made);
            out.append(reinterpret_cast<const char*>(bytes_out), made);
        } while (left != 0 || BrotliEncoderHasMoreOutput(state_.get()));
    }

private:
    void set(BrotliEncoderParameter which, std::uint32_t value) {
        BrotliEncoderSetParameter(state_.get(), which, value);
    }

    // The window needn't exceed the body; 256 KB is enough for text.
    static std::uint32_t window_bits(std::size_t size) {
        std::uint32_t bits = 16;
        while (bits < 18 && (size == 0 || (std::size_t{1} << bits) < size)) ++bits;
        return bits;
    }

    std::unique_ptr<BrotliEncoderState, decltype(&BrotliEncoderDestroyInstance)> state_;
};

#endif

std::unique_ptr<content_encoder::engine> new_engine(content_coding coding,
                                                    [[maybe_unused]] const encoder_options& options) {
#ifdef WEIR_WITH_ZLIB
    if (coding == content_coding::gzip) return std::make_unique<gzip_engine>(options.gzip_level);
#endif
#ifdef WEIR_WITH_BROTLI
    if (coding == content_coding::brotli) return std::make_unique<brotli_engine>(options);
#endif
    throw std::logic_error("weir: this build has no encoder for " + std::string(name(coding)));
}

} // namespace

content_encoder::content_encoder(content_coding coding, encoder_options options)
    : engine_(new_engine(coding, options)) {}

content_encoder::content_encoder(content_encoder&&) noexcept = default;
content_encoder& content_encoder::operator=(content_encoder&&) noexcept = default;
content_encoder::~content_encoder() = default;

void content_encoder::write(std::string_view bytes, std::string& out) { engine_->run(bytes, step::take, out); }

void content_encoder::flush(std::string& out) { engine_->run({}, step::flush, out); }

void content_encoder::finish(std::string& out) { engine_->run({}, step::finish, out); }

} // namespace weir::http::detail
