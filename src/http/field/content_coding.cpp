// SPDX-License-Identifier: MIT
#include "http/field/content_coding.hpp"

#include "http/field/field_syntax.hpp"

#include <utility>

namespace weir::http::detail {

std::string_view name(content_coding coding) noexcept {
    constexpr std::array<std::string_view, 3> names{"br", "gzip", "identity"};
    return names[static_cast<std::size_t>(coding)];
}

std::optional<content_coding> parse_coding(std::string_view text) noexcept {
    if (equal_no_case(text, "br")) return content_coding::brotli;
    if (equal_no_case(text, "gzip") || equal_no_case(text, "x-gzip")) return content_coding::gzip;
    if (equal_no_case(text, "identity")) return content_coding::identity;
    return {};
}

bool available(content_coding coding) noexcept {
#ifndef WEIR_WITH_BROTLI
    if (coding == content_coding::brotli) return false;
#endif
#ifndef WEIR_WITH_ZLIB
    if (coding == content_coding::gzip) return false;
#endif
    return coding <= content_coding::identity;
}

std::optional<int> parse_quality(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return {};
    if (text.size() > 1 && text[1] != '.') return {};
    int value = text[0] == '1' ? 1000 : 0;
    int weight = 100;
    for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9') return {};
        value += (c - '0') * weight;
        weight /= 10;
    }
    return value <= 1000 ? std::optional(value) : std::nullopt;
}

namespace {

// Returns the weight among an element's parameters: 1 if there is none, nothing if it is malformed.
std::optional<int> weight_of(std::string_view parameters) noexcept {
    while (!parameters.empty()) {
        const auto one = take_until(parameters, ';');
        if (starts_with_no_case(one, "q=")) return parse_quality(one.substr(2));
    }
    return 1000;
}

} // namespace

void accepted_codings::add(std::string_view field) noexcept {
    for (comma_list list(field); list.next();) {
        auto rest = list.element();
        const auto coding = take_until(rest, ';');
        const auto weight = weight_of(rest);
        if (!weight) continue;
        if (coding == "*")
            others_ = *weight, star_ = true;
        else if (const auto known = parse_coding(coding))
            said_[static_cast<std::size_t>(*known)] = *weight;
    }
}

int accepted_codings::quality(content_coding coding) const noexcept {
    const int said = said_[static_cast<std::size_t>(coding)];
    if (said != unsaid) return said;
    if (coding != content_coding::identity) return others_;
    return star_ && others_ == 0 ? 0 : unsaid;
}

coding_ranking accepted_codings::ranking() const noexcept {
    const int plain = quality(content_coding::identity);
    std::array order{content_coding::brotli, content_coding::gzip};
    if (quality(order[1]) > quality(order[0])) std::swap(order[0], order[1]);
    coding_ranking ranked;
    for (const auto coding : order)
        if (const int wanted = quality(coding); wanted > 0 && wanted >= plain) ranked.add(coding);
    return ranked;
}

content_coding accepted_codings::best() const noexcept {
    for (const auto coding : ranking())
        if (available(coding)) return coding;
    return content_coding::identity;
}

} // namespace weir::http::detail
