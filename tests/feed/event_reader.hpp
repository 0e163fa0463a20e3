// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>
#include <zlib.h>

namespace feed_test {

struct order_placed {
    std::int64_t order_id{};
    std::string note{};
};
BOOST_DESCRIBE_STRUCT(order_placed, (), (order_id, note))

inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Decompresses with zlib's own file reader, which reads concatenated members; throws if the file is damaged.
inline std::string unzipped(const std::filesystem::path& file) {
    gzFile in = gzopen(file.c_str(), "rb");
    std::string all;
    std::string piece(65536, '\0');
    int got = 0;
    while ((got = gzread(in, piece.data(), static_cast<unsigned>(piece.size()))) > 0)
        all.append(piece, 0, static_cast<std::size_t>(got));
    const bool whole = gzclose(in) == Z_OK && got == 0;
    if (!whole) throw std::runtime_error("damaged: " + file.string());
    return all;
}

/// The files below a folder whose names end so, in the order of their names.
inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder, const std::string& suffix) {
    std::vector<std::filesystem::path> found;
    if (!std::filesystem::exists(folder)) return found;
    for (const auto& one : std::filesystem::recursive_directory_iterator(folder))
        if (one.is_regular_file() && one.path().string().ends_with(suffix)) found.push_back(one.path());
    std::ranges::sort(found);
    return found;
}

/// The lines of all completed files.
inline std::vector<std::string> lines_in(const std::filesystem::path& folder) {
    std::vector<std::string> lines;
    const auto add = [&](std::string text) {
        if (!text.empty() && text.back() != '\n') throw std::runtime_error("a torn line");
        for (std::size_t from = 0; from < text.size();) {
            const std::size_t end = text.find('\n', from);
            lines.push_back(text.substr(from, end - from));
            from = end + 1;
        }
    };
    for (const auto& one : files_in(folder, ".jsonl.gz")) add(unzipped(one));
    for (const auto& one : files_in(folder, ".jsonl")) add(content_of(one));
    return lines;
}

/// The ids of all events in completed files, in order of the files.
inline std::vector<std::int64_t> ids_in(const std::filesystem::path& folder) {
    std::vector<std::int64_t> ids;
    for (const auto& line : lines_in(folder)) ids.push_back(weir::from_json<order_placed>(line).value().order_id);
    return ids;
}

inline std::vector<std::int64_t> numbers(std::int64_t count) {
    std::vector<std::int64_t> all;
    for (std::int64_t n = 0; n < count; ++n) all.push_back(n);
    return all;
}

} // namespace feed_test
