// SPDX-License-Identifier: MIT
#include <weir/redis/command.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace weir::redis {

namespace {

constexpr std::size_t room_for_head = 24; // "*", 20 digits, "\r\n"

// Writes digits and "\r\n" after a letter; returns the end.
char* write_length(char* to, char letter, std::size_t number) noexcept {
    *to = letter;
    char* const end = std::to_chars(to + 1, to + room_for_head - 2, number).ptr;
    end[0] = '\r';
    end[1] = '\n';
    return end + 2;
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
    std::array<char, room_for_head> head;
    const auto size = static_cast<std::size_t>(write_length(head.data(), '$', text.size()) - head.data());
    const std::size_t at = bytes_.size();
    bytes_.resize(at + size + text.size() + 2);
    char* to = std::copy_n(head.data(), size, bytes_.data() + at);
    to = std::copy_n(text.data(), text.size(), to);
    to[0] = '\r';
    to[1] = '\n';
    ++count_;
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
    std::array<char, room_for_head> head;
    const auto size = static_cast<std::size_t>(write_length(head.data(), '*', count_) - head.data());
    start_ = room_for_head - size;
    std::copy_n(head.data(), size, bytes_.data() + start_);
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
