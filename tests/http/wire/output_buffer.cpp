// SPDX-License-Identifier: MIT
#include "http/wire/output_buffer.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::http::detail::output_buffer;

TEST_CASE("an output buffer holds appended and directly written bytes in order") {
    output_buffer out;
    CHECK(out.empty());
    CHECK(out.view().empty());
    out.append("");
    CHECK(out.empty());
    std::string expected;
    for (std::size_t size = 1; size < 6000; size = 2 * size + 1) { // across several growths
        const std::string piece(size, static_cast<char>('a' + size % 26));
        out.append(piece);
        char* const room = out.extend(2);
        room[0] = 'Y';
        room[1] = 'Z';
        expected += piece + "YZ";
        CHECK(out.view() == expected);
    }
    CHECK(out.size() == expected.size());
}

TEST_CASE("a cleared output buffer reuses its memory") {
    output_buffer out;
    out.append(std::string(10000, 'x'));
    const char* const memory = out.view().data();
    out.clear();
    CHECK(out.empty());
    out.append("next");
    CHECK(out.view() == "next");
    CHECK(out.view().data() == memory);
}

TEST_CASE("an output buffer releases the memory of a large response") {
    output_buffer out;
    out.extend(output_buffer::most_kept / 2);
    out.clear();
    CHECK(out.room() >= output_buffer::most_kept / 2);
    out.extend(output_buffer::most_kept + 1);
    out.clear();
    CHECK(out.room() == 0);
    out.append("next");
    CHECK(out.view() == "next");
}
