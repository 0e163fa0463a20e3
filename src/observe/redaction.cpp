// SPDX-License-Identifier: MIT
#include "observe/redaction.hpp"

#include "observe/key_words.hpp"

#include <algorithm>

namespace weir::detail {

namespace {

// Final words of keys that describe a secret rather than contain it.
constexpr std::string_view descriptive_words[] = {
    "age", "at", "bytes", "count", "id", "kind", "length", "name", "seconds", "size", "ttl", "type", "used", "version"};

std::string folded_name(std::string_view name) {
    std::string folded;
    for (const char c : name)
        if (kind_of(c) != key_char::separator) folded += folded_key_char(c);
    return folded;
}

bool same_folded(std::string_view text, std::string_view folded) noexcept {
    const auto same = [](char a, char b) { return folded_key_char(a) == b; };
    return std::equal(text.begin(), text.end(), folded.begin(), folded.end(), same);
}

// Returns the position after the name, which starts at `at` in the key; npos if the key has another name there.
std::size_t end_of_name(std::string_view key, std::size_t at, std::string_view name) noexcept {
    for (const char c : name) {
        while (at < key.size() && kind_of(key[at]) == key_char::separator) ++at;
        if (at == key.size() || folded_key_char(key[at]) != c) return key.npos;
        ++at;
    }
    return ends_word(key, at) ? at : key.npos;
}

// Whether the key's final word, after `from`, only describes a secret.
bool is_descriptive(std::string_view key, std::size_t from) noexcept {
    std::size_t last = key.size();
    while (last > from && (last == key.size() || !begins_word(key, last))) --last;
    const auto word = key.substr(last);
    return std::ranges::any_of(descriptive_words, [word](std::string_view one) { return same_folded(word, one); });
}

} // namespace

redaction::redaction(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        std::string folded = folded_name(name);
        if (folded.empty()) continue;
        names_[folded.front() & 31].push_back(std::move(folded));
    }
}

bool redaction::hides_at(std::string_view key, std::size_t at) const noexcept {
    return std::ranges::any_of(names_[key[at] & 31], [&](const std::string& name) {
        const std::size_t end = end_of_name(key, at, name);
        return end != key.npos && !is_descriptive(key, end);
    });
}

bool redaction::hides(std::string_view key) const noexcept {
    for (std::size_t at = 0; at < key.size(); ++at)
        if (begins_word(key, at) && hides_at(key, at)) return true;
    return false;
}

} // namespace weir::detail
