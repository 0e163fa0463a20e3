// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir::bench {

/// The `--name value` pairs of a command line. Throws std::invalid_argument for anything else.
class arguments {
public:
    explicit arguments(std::span<const char* const> words) {
        if (words.size() % 2 != 0) throw std::invalid_argument("arguments come as --name value");
        for (std::size_t i = 0; i < words.size(); i += 2) {
            const std::string_view name = words[i];
            if (!name.starts_with("--")) throw std::invalid_argument("not a --name: " + std::string(name));
            values_[std::string(name.substr(2))] = words[i + 1];
        }
    }

    bool has(const std::string& name) const { return values_.contains(name); }

    const std::string& text(const std::string& name) const {
        const auto found = values_.find(name);
        if (found == values_.end()) throw std::invalid_argument("--" + name + " is missing");
        return found->second;
    }

    template<class Number>
    Number number(const std::string& name) const {
        const auto& digits = text(name);
        Number value{};
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (failure != std::errc{} || end != digits.data() + digits.size())
            throw std::invalid_argument("--" + name + " is not a number: " + digits);
        return value;
    }

    template<class Number>
    Number number(const std::string& name, Number otherwise) const {
        return has(name) ? number<Number>(name) : otherwise;
    }

private:
    std::map<std::string, std::string> values_;
};

} // namespace weir::bench
