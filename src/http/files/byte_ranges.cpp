// SPDX-License-Identifier: MIT
#include "http/files/byte_ranges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <random>
#include <unistd.h>

namespace weir::http::detail {

namespace {

std::string boundary() {
    std::random_device source;
    std::string made = "weir-";
    for (int i = 0; i < 24; ++i) made += "0123456789abcdef"[source() % 16];
    return made;
}

struct part {
    byte_range range;
    std::string head;
};

struct parts {
    std::shared_ptr<const open_file> file;
    std::vector<part> all;
    std::string end;

    std::uint64_t size() const noexcept {
        std::uint64_t sum = end.size();
        for (const auto& one : all) sum += one.head.size() + one.range.size;
        return sum;
    }
};

task<result<void>> write_range(const open_file& file, byte_range range, body_writer& out) {
    std::string piece;
    while (range.size != 0) {
        piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(range.size, 64 * 1024)));
        const ssize_t got = ::pread(file.descriptor(), piece.data(), piece.size(), static_cast<off_t>(range.first));
        if (got <= 0) co_return error(errc::unavailable, "the file has become shorter, or can't be read");
        piece.resize(static_cast<std::size_t>(got));
        auto sent = co_await out.write(piece);
        if (!sent) co_return sent;
        range.first += piece.size();
        range.size -= piece.size();
    }
    co_return ok();
}

task<result<void>> write_parts(std::shared_ptr<const parts> what, body_writer& out) {
    for (const auto& one : what->all) {
        auto sent = co_await out.write(one.head);
        if (sent) sent = co_await write_range(*what->file, one.range, out);
        if (!sent) co_return sent;
    }
    co_return co_await out.write(what->end);
}

} // namespace

response byte_ranges(std::shared_ptr<const open_file> file, std::uint64_t size, std::vector<byte_range> ranges,
                     std::string_view fields) {
    const std::string line = boundary();
    auto what = std::make_shared<parts>();
    what->file = std::move(file);
    for (const byte_range& range : ranges)
        what->all.push_back(
            {range, fmt::format("\r\n--{}\r\n{}content-range: {}\r\n\r\n", line, fields, content_range(range, size))});
    what->end = "\r\n--" + line + "--\r\n";
    stream_options options;
    options.content_type = "multipart/byteranges; boundary=" + line;
    options.size = what->size();
    return stream([what](body_writer& out) { return write_parts(what, out); }, std::move(options));
}

} // namespace weir::http::detail
