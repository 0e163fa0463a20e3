// SPDX-License-Identifier: MIT
#include <weir/redis/command.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace weir::redis {

namespace {

constexpr std::size_t room_for_head = 24; // "*", 20 digits, "\r\n"

// Digits and "\r\n" after a letter, written to the end of `out`.
void append_head(std::string& out, char letter, std::size_t number) {
    std::array<char, room_for_head> room;
    room[0] = letter;
    char* const end = std::to_chars(room.data() + 1, room.data() + room.size() - 2, number).ptr;
    end[0] = '\r';
    end[1] = '\n';
    out.append(room.data(), end + 2);
}

std::size_t number_at(std::string_view bytes, std::size_t at) noexcept {
    std::size_t number = 0;
    std::from_chars(bytes.data() + at, bytes.data() + bytes.size(), number);
    return number;
}

} // namespace

void command::begin(std::string_view name, std::size_t hint) {
    bytes_.reserve(room_for_head + name.size() + 16 + hint);
    bytes_.resize(room_for_head);
    append(name);
}

void command::append(std::string_view text) {
    append_head(bytes_, '$', text.size());
    bytes_.append(text).append("\r\n");
    ++count_;
    write_head();
}

void command::append_signed(std::int64_t value) {
    std::array<char, 24> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
    append({room.data(), static_cast<std::size_t>(end - room.data())});
}

void command::append_unsigned(std::uint64_t value) {
    std::array<char, 24> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
    append({room.data(), static_cast<std::size_t>(end - room.data())});
}

// The shortest text that reads back as the same number; inf and nan as Redis reads them.
void command::append_double(double value) {
    std::array<char, 32> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
    append({room.data(), static_cast<std::size_t>(end - room.data())});
}

void command::write_head() {
    std::array<char, room_for_head> room;
    room[0] = '*';
    char* const end = std::to_chars(room.data() + 1, room.data() + room.size() - 2, count_).ptr;
    end[0] = '\r';
    end[1] = '\n';
    const auto size = static_cast<std::size_t>(end + 2 - room.data());
    start_ = room_for_head - size;
    std::copy_n(room.data(), size, bytes_.data() + start_);
}

// The position of an argument's length, `$3\r\nGET\r\n`, or of the end.
std::size_t command::position(std::size_t index) const noexcept {
    std::size_t at = room_for_head;
    for (; index > 0 && at < bytes_.size(); --index) {
        const std::size_t size = number_at(bytes_, at + 1);
        at = bytes_.find('\n', at) + 1 + size + 2;
    }
    return at;
}

std::string_view command::argument(std::size_t index) const noexcept {
    const std::size_t at = position(index);
    if (at >= bytes_.size()) return {};
    return std::string_view(bytes_).substr(bytes_.find('\n', at) + 1, number_at(bytes_, at + 1));
}

command command::with_front(std::size_t skipped, std::string_view name, std::string_view first) const {
    command other(name, first);
    other.bytes_.append(bytes_, std::min(position(skipped), bytes_.size()));
    other.count_ += count_ - std::min(skipped, count_);
    other.write_head();
    return other;
}

} // namespace weir::redis
