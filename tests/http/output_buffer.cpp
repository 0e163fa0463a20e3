// SPDX-License-Identifier: MIT
#include "http/output_buffer.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::http::detail::output_buffer;

TEST_CASE("an output buffer holds what was appended and what was written into its room, in that order") {
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

TEST_CASE("an output buffer that was emptied begins anew in the memory it has") {
    output_buffer out;
    out.append(std::string(10000, 'x'));
    const char* const memory = out.view().data();
    out.clear();
    CHECK(out.empty());
    out.append("next");
    CHECK(out.view() == "next");
    CHECK(out.view().data() == memory);
}

TEST_CASE("an output buffer gives the memory of a large answer back") {
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
