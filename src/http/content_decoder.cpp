// SPDX-License-Identifier: MIT
#include "http/content_decoder.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

#ifdef WEIR_WITH_ZLIB
#include <zlib.h>
#endif
#ifdef WEIR_WITH_BROTLI
#include <brotli/decode.h>
#endif

namespace weir::http::detail {

struct content_decoder::engine {
    explicit engine(std::size_t most) : left(most) {}
    virtual ~engine() = default;
    virtual result<void> run(std::string_view bytes, std::string& out) = 0;

    bool complete = false;
    std::size_t left; // decoded bytes that may still come
};

namespace {

[[maybe_unused]] error broken(const char* what) { return {errc::invalid_argument, what}; }
[[maybe_unused]] error over_limit() { return {errc::too_large, "the decoded body is larger than accepted"}; }

#ifdef WEIR_WITH_ZLIB

class gunzip_engine final : public content_decoder::engine {
public:
    explicit gunzip_engine(std::size_t most) : engine(most) {
        constexpr int with_gzip_header = 16;
        if (inflateInit2(&stream_, MAX_WBITS + with_gzip_header) != Z_OK) throw std::bad_alloc();
    }
    gunzip_engine(const gunzip_engine&) = delete;
    gunzip_engine& operator=(const gunzip_engine&) = delete;
    ~gunzip_engine() override { inflateEnd(&stream_); }

    result<void> run(std::string_view bytes, std::string& out) override {
        std::array<unsigned char, 16384> room;
        while (!bytes.empty() || stream_.avail_out == 0) {
            if (complete) return bytes.empty() ? ok() : broken("bytes after the gzip body");
            const std::size_t taken = std::min<std::size_t>(bytes.size(), 1U << 30);
            stream_.next_in = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
            stream_.avail_in = static_cast<unsigned>(taken);
            stream_.next_out = room.data();
            stream_.avail_out = room.size();
            const int ended = inflate(&stream_, Z_NO_FLUSH);
            if (ended != Z_OK && ended != Z_STREAM_END && ended != Z_BUF_ERROR) return broken("the body is no gzip");
            const std::size_t made = room.size() - stream_.avail_out;
            if (made > left) return over_limit();
            left -= made;
            out.append(reinterpret_cast<const char*>(room.data()), made);
            bytes.remove_prefix(taken - stream_.avail_in);
            complete = ended == Z_STREAM_END;
        }
        return ok();
    }

private:
    z_stream stream_ = [] {
        z_stream fresh{};
        fresh.avail_out = 1; // nothing is pending
        return fresh;
    }();
};

#endif

#ifdef WEIR_WITH_BROTLI

class unbrotli_engine final : public content_decoder::engine {
public:
    explicit unbrotli_engine(std::size_t most)
        : engine(most), state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance) {
        if (!state_) throw std::bad_alloc();
    }

    result<void> run(std::string_view bytes, std::string& out) override {
        const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
        std::size_t size = bytes.size();
        for (;;) {
            std::size_t room = 0;
            const auto ended = BrotliDecoderDecompressStream(state_.get(), &size, &next, &room, nullptr, nullptr);
            if (ended == BROTLI_DECODER_RESULT_ERROR) return broken("the body is no brotli");
            std::size_t made = 0;
            const auto* decoded = BrotliDecoderTakeOutput(state_.get(), &made);
            if (made > left) return over_limit();
            left -= made;
            out.append(reinterpret_cast<const char*>(decoded), made);
            complete = BrotliDecoderIsFinished(state_.get()) != 0;
            if (complete) return size == 0 ? ok() : broken("bytes after the brotli body");
            if (ended == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return ok();
        }
    }

private:
    std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state_;
};

#endif

std::unique_ptr<content_decoder::engine> new_engine(content_coding coding, [[maybe_unused]] std::size_t most) {
#ifdef WEIR_WITH_ZLIB
    if (coding == content_coding::gzip) return std::make_unique<gunzip_engine>(most);
#endif
#ifdef WEIR_WITH_BROTLI
    if (coding == content_coding::brotli) return std::make_unique<unbrotli_engine>(most);
#endif
    throw std::logic_error("weir: this build has no decoder for " + std::string(name(coding)));
}

} // namespace

content_decoder::content_decoder(content_coding coding, std::size_t most) : engine_(new_engine(coding, most)) {}

content_decoder::content_decoder(content_decoder&&) noexcept = default;
content_decoder& content_decoder::operator=(content_decoder&&) noexcept = default;
content_decoder::~content_decoder() = default;

result<void> content_decoder::write(std::string_view bytes, std::string& out) { return engine_->run(bytes, out); }

bool content_decoder::complete() const noexcept { return engine_->complete; }

} // namespace weir::http::detail
