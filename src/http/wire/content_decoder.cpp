// SPDX-License-Identifier: MIT
#include "http/wire/content_decoder.hpp"

#include <algorithm>
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
    virtual result<std::size_t> read(std::string_view& bytes, std::span<char> room) = 0;

    result<std::size_t> made(std::size_t size) {
        if (size > left) return error(errc::too_large, "the decoded body is larger than accepted");
        left -= size;
        return size;
    }

    bool complete = false;
    std::size_t left; // decoded bytes still allowed
};

namespace {

[[maybe_unused]] error broken(const char* what) { return {errc::invalid_argument, what}; }

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

    result<std::size_t> read(std::string_view& bytes, std::span<char> room) override {
        stream_.next_out = reinterpret_cast<unsigned char*>(room.data());
        stream_.avail_out = static_cast<unsigned>(room.size());
        bool more = true;
        while (more && stream_.avail_out != 0) {
            if (complete && !bytes.empty() && !begin_member(bytes)) return broken("bytes after the gzip body");
            const int ended = step(bytes);
            if (ended != Z_OK && ended != Z_STREAM_END && ended != Z_BUF_ERROR) return broken("the body is not gzip");
            complete = ended == Z_STREAM_END;
            more = ended != Z_BUF_ERROR && !bytes.empty();
        }
        return made(room.size() - stream_.avail_out);
    }

private:
    // Several concatenated members are one body (RFC 1952, 2.2).
    bool begin_member(std::string_view bytes) { return bytes.front() == '\x1f' && inflateReset(&stream_) == Z_OK; }

    int step(std::string_view& bytes) {
        const std::size_t taken = std::min<std::size_t>(bytes.size(), 1U << 30);
        stream_.next_in = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
        stream_.avail_in = static_cast<unsigned>(taken);
        const int ended = inflate(&stream_, Z_NO_FLUSH);
        bytes.remove_prefix(taken - stream_.avail_in);
        return ended;
    }

    z_stream stream_{};
};

#endif

#ifdef WEIR_WITH_BROTLI

class unbrotli_engine final : public content_decoder::engine {
public:
    explicit unbrotli_engine(std::size_t most)
        : engine(most), state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance) {
        if (!state_) throw std::bad_alloc();
    }

    result<std::size_t> read(std::string_view& bytes, std::span<char> room) override {
        const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
        auto* out = reinterpret_cast<std::uint8_t*>(room.data());
        std::size_t unread = bytes.size();
        std::size_t free = room.size();
        const auto ended = BrotliDecoderDecompressStream(state_.get(), &unread, &next, &free, &out, nullptr);
        if (ended == BROTLI_DECODER_RESULT_ERROR) return broken("the body is not brotli");
        bytes.remove_prefix(bytes.size() - unread);
        complete = BrotliDecoderIsFinished(state_.get()) != 0;
        if (complete && !bytes.empty()) return broken("bytes after the brotli body");
        return made(room.size() - free);
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

result<std::size_t> content_decoder::read(std::string_view& bytes, std::span<char> room) {
    return engine_->read(bytes, room);
}

bool content_decoder::complete() const noexcept { return engine_->complete; }

} // namespace weir::http::detail
