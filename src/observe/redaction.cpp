// SPDX-License-Identifier: MIT
#include "observe/redaction.hpp"

#include "observe/key_words.hpp"

#include <algorithm>

namespace weir::detail {

namespace {

// Last words of keys that tell of a secret.
constexpr std::string_view telling[] = {"age",  "at",      "bytes", "count", "id",   "kind", "length",
                                        "name", "seconds", "size",  "ttl",   "type", "used", "version"};

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

// Behind the name, which begins at this place of the key; npos when it doesn't.
std::size_t behind_name(std::string_view key, std::size_t at, std::string_view name) noexcept {
    for (const char c : name) {
        while (at < key.size() && kind_of(key[at]) == key_char::separator) ++at;
        if (at == key.size() || folded_key_char(key[at]) != c) return key.npos;
        ++at;
    }
    return ends_word(key, at) ? at : key.npos;
}

// Whether the last word from this place on tells of what is before it.
bool only_tells(std::string_view key, std::size_t from) noexcept {
    std::size_t last = key.size();
    while (last > from && (last == key.size() || !begins_word(key, last))) --last;
    const auto word = key.substr(last);
    return std::ranges::any_of(telling, [word](std::string_view one) { return same_folded(word, one); });
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
        const std::size_t behind = behind_name(key, at, name);
        return behind != key.npos && !only_tells(key, behind);
    });
}

bool redaction::hides(std::string_view key) const noexcept {
    for (std::size_t at = 0; at < key.size(); ++at)
        if (begins_word(key, at) && hides_at(key, at)) return true;
    return false;
}

} // namespace weir::detail
