// SPDX-License-Identifier: MIT
#include "http/client/response_reader.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace weir::bench {

namespace {

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t largest_head = 16 * 1024;

[[noreturn]] void fail(const char* what, std::string_view response) {
    throw std::runtime_error(std::string(what) + ": " + std::string(response.substr(0, 400)));
}

bool same_letters(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
    });
}

std::size_t content_length(std::string_view head) {
    constexpr std::string_view name = "content-length:";
    for (auto at = head.find("\r\n"); at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
        auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        if (!same_letters(line.substr(0, name.size()), name)) continue;
        line.remove_prefix(std::min(line.find_first_not_of(' ', name.size()), line.size()));
        std::size_t length = 0;
        const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), length);
        if (failure != std::errc{} || end != line.data() + line.size()) break;
        return length;
    }
    fail("no usable Content-Length", head);
}

int status_of(std::string_view head) {
    int status = 0;
    if (head.size() > 12 && head.starts_with("HTTP/1.1 ")) std::from_chars(&head[9], &head[12], status);
    return status;
}

} // namespace

std::size_t response_reader::take(std::string_view bytes) {
    std::size_t complete = 0;
    if (rest_.empty()) {
        while (take_one(bytes)) ++complete;
        rest_.assign(bytes);
        return complete;
    }
    rest_.append(bytes);
    std::string_view all = rest_;
    while (take_one(all)) ++complete;
    rest_.erase(0, rest_.size() - all.size());
    return complete;
}

bool response_reader::take_one(std::string_view& bytes) {
    if (!accepted_.empty() && bytes.starts_with(accepted_)) {
        bytes.remove_prefix(accepted_.size());
        return true;
    }
    const auto end = bytes.find(head_end);
    if (end == std::string_view::npos) {
        if (bytes.size() > largest_head) fail("no end of the head", bytes);
        return false;
    }
    const auto head = bytes.substr(0, end + head_end.size());
    const auto length = content_length(head);
    if (bytes.size() - head.size() < length) return false;
    check(head, bytes.substr(head.size(), length));
    accepted_.assign(bytes.substr(0, head.size() + length));
    bytes.remove_prefix(accepted_.size());
    return true;
}

void response_reader::check(std::string_view head, std::string_view body) const {
    if (status_of(head) != status_) fail("wrong status", head);
    if (body != body_) fail("wrong body", body);
}

} // namespace weir::bench
