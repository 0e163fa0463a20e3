// SPDX-License-Identifier: MIT
#include "http/field/byte_scan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir::http::detail;

namespace {

using scan = const char* (*)(const char*, const char*);

/// Every byte at every position of every size around two blocks, compared with the table, at the very end of a heap
/// block.
void check_against_table(scan fast, std::uint8_t kind, char filler) {
    int differing = 0;
    for (std::size_t size = 0; size <= 35; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
            for (int byte = 0; byte < 256; ++byte) {
                std::vector<char> block(size, filler);
                block[place] = static_cast<char>(byte);
                const char* const end = block.data() + size;
                if (fast(block.data(), end) != skip_class(kind, block.data(), end)) ++differing;
            }
        }
    }
    CHECK(differing == 0);
    CHECK(fast(&filler, &filler) == &filler);
}

} // namespace

TEST_CASE("scanning a name stops where the table says") {
    check_against_table(&skip_name, byte_class::name_fast, 'n');
    check_against_table(&skip_name, byte_class::name_fast, '-');
}

TEST_CASE("scanning a value stops where the table says") {
    check_against_table(&skip_text, byte_class::text, 'v');
    check_against_table(&skip_text, byte_class::text, '\t');
}

TEST_CASE("scanning a target stops where the table says") {
    check_against_table(&skip_target, byte_class::target, '/');
    check_against_table(&skip_target, byte_class::target, '~');
}

TEST_CASE("scanning a plain path stops where the table says") {
    check_against_table(&skip_plain, byte_class::plain, '/');
}

TEST_CASE("scanning a host stops where the table says") {
    check_against_table(&skip_host, byte_class::host_fast, 'h');
    check_against_table(&skip_host, byte_class::host_fast, '7');
}

TEST_CASE("scanning an id accepts letters, digits, '-', '.' and '_' at every position of a block") {
    constexpr std::string_view more = "-._";
    int differing = 0;
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool fine = is(byte_class::host, c) &&
                          (is(byte_class::name_fast, c) || (c >= '0' && c <= '9') || more.find(c) != more.npos);
        for (std::size_t place = 0; place < 35; ++place) {
            std::vector<char> block(35, 'i');
            block[place] = c;
            const char* const end = block.data() + block.size();
            if (skip_id(block.data(), end) != (fine ? end : block.data() + place)) ++differing;
        }
    }
    CHECK(differing == 0);
}

TEST_CASE("tokens are RFC 9110's and hosts RFC 3986's") {
    std::string tokens;
    for (int c = 0; c < 256; ++c)
        if (is(byte_class::token, static_cast<char>(c))) tokens += static_cast<char>(c);
    CHECK(tokens == "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
    for (const char c : std::string_view(" \t%:/?#[]@\"<>\\^`{|}\x7f\x80")) CHECK(!is(byte_class::host, c));
    CHECK(is(byte_class::host, '~'));
}
