// SPDX-License-Identifier: MIT
#include "http/routing/route_tree.hpp"

#include "http/field/byte_scan.hpp"
#include "http/field/percent.hpp"
#include "http/routing/split_path.hpp"

#include <algorithm>

namespace weir::http::detail {
namespace {

constexpr std::size_t longest_text = 255;

std::size_t slot_of(std::uint64_t key, std::size_t size, std::size_t slots) noexcept {
    return static_cast<std::size_t>(((key + size) * 0x9E3779B97F4A7C15U) >> 32) & (slots - 1);
}

/// Removes and returns the next segment of the rest of a pattern, which starts with a slash.
std::string_view next_segment(std::string_view& rest) noexcept {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    return segment;
}

bool is_parameter(std::string_view segment) noexcept { return segment.starts_with('{'); }

bool is_wildcard(std::string_view segment) noexcept { return segment.starts_with("{*"); }

std::string_view parameter_name(std::string_view segment) noexcept {
    const std::size_t skipped = is_wildcard(segment) ? 2 : 1;
    return segment.substr(skipped, segment.size() - skipped - 1);
}

error bad_pattern(std::string_view pattern, const char* what) {
    return error(errc::invalid_argument, "route pattern \"" + std::string(pattern) + "\": " + what);
}

bool is_name(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return c == '_' || (is(byte_class::name_fast, c) || (c >= '0' && c <= '9'));
    });
}

const char* fault_of_text(std::string_view text, bool is_last) noexcept {
    if (text.empty()) return is_last ? nullptr : "an empty segment";
    if (text == "." || text == "..") return "a dot segment";
    if (text.size() > longest_text) return "a segment is too long";
    if (text.find_first_of("{}*") != std::string_view::npos) return "a parameter must be a whole segment";
    if (text.find_first_of("%?#\\") != std::string_view::npos) return "write plain text, without escapes or a query";
    const bool control = std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
    return control ? "a control character" : nullptr;
}

const char* fault_of_parameter(std::string_view segment, bool is_last) noexcept {
    if (!segment.ends_with('}')) return "a parameter must be a whole segment";
    if (!is_name(parameter_name(segment))) return "a parameter's name consists of letters, digits, '_' and '-'";
    return !is_wildcard(segment) || is_last ? nullptr : "nothing may follow a wildcard";
}

result<void> check_pattern(std::string_view pattern) {
    if (!pattern.starts_with('/')) return bad_pattern(pattern, "it must start with a slash");
    std::vector<std::string_view> names;
    for (auto rest = pattern; !rest.empty();) {
        const auto segment = next_segment(rest);
        const char* const fault =
            is_parameter(segment) ? fault_of_parameter(segment, rest.empty()) : fault_of_text(segment, rest.empty());
        if (fault != nullptr) return bad_pattern(pattern, fault);
        if (!is_parameter(segment)) continue;
        const auto name = parameter_name(segment);
        if (std::find(names.begin(), names.end(), name) != names.end())
            return bad_pattern(pattern, "two parameters have the same name");
        names.push_back(name);
    }
    if (names.size() > max_route_captures) return bad_pattern(pattern, "too many parameters");
    return ok();
}

} // namespace

result<void> route_tree::insert(method verb, std::string_view pattern, std::uint32_t route) {
    if (auto checked = check_pattern(pattern); !checked) return checked;
    auto& index = leaf_of(pattern);
    if (index == none) {
        index = static_cast<std::uint32_t>(leaves_.size());
        leaves_.emplace_back();
        if (pattern.find('{') == std::string_view::npos) whole_paths_.insert(pattern, index);
    }
    auto& place = leaves_[index];
    if (place.methods.contains(verb))
        return error(errc::already_exists,
                     "there is already a route for " + std::string(http::name(verb)) + " " + std::string(pattern));
    place.methods.add(verb);
    place.routes[static_cast<std::size_t>(verb)] = route;
    return ok();
}

/// Returns the leaf index for a well-formed pattern, creating the nodes on the way.
std::uint32_t& route_tree::leaf_of(std::string_view pattern) {
    std::uint32_t at = 0;
    for (auto rest = pattern; !rest.empty();) {
        const auto segment = next_segment(rest);
        if (is_wildcard(segment)) return nodes_[at].wildcard_leaf;
        at = is_parameter(segment) ? parameter_child(at) : text_child(at, segment);
    }
    return nodes_[at].leaf;
}

std::uint32_t route_tree::add_node() {
    nodes_.emplace_back();
    return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t route_tree::parameter_child(std::uint32_t at) {
    if (nodes_[at].parameter == none) {
        const auto added = add_node();
        nodes_[at].parameter = added;
    }
    return nodes_[at].parameter;
}

std::uint32_t route_tree::text_child(std::uint32_t at, std::string_view text) {
    const auto key = text_key(text);
    if (const auto known = find(nodes_[at], key, text); known != none) return known;
    const edge added{
        key, static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(texts_.size()), add_node()};
    texts_ += text;
    grow(nodes_[at]);
    place(nodes_[at], added);
    return added.child;
}

/// Makes room for one more text; an outgrown table is left behind unused.
void route_tree::grow(node& at) {
    if (++at.edge_count * 2 <= at.edge_slots) return;
    const auto before = at;
    at.first_edge = static_cast<std::uint32_t>(edges_.size());
    at.edge_slots = std::max<std::uint32_t>(before.edge_slots * 2, 2);
    edges_.resize(edges_.size() + at.edge_slots);
    for (std::uint32_t slot = 0; slot < before.edge_slots; ++slot)
        if (edges_[before.first_edge + slot].child != none) place(at, edges_[before.first_edge + slot]);
}

void route_tree::place(node& at, const edge& added) {
    auto slot = slot_of(added.key, added.size, at.edge_slots);
    while (edges_[at.first_edge + slot].child != none) slot = (slot + 1) & (at.edge_slots - 1);
    edges_[at.first_edge + slot] = added;
}

bool route_tree::same_text(const edge& candidate, std::string_view text) const noexcept {
    return std::memcmp(texts_.data() + candidate.text, text.data(), text.size()) == 0;
}

/// Returns the child with that text, or none.
inline std::uint32_t route_tree::find(const node& at, std::uint64_t key, std::string_view text) const noexcept {
    if (at.edge_slots == 0) return none;
    const edge* const table = edges_.data() + at.first_edge;
    for (auto slot = slot_of(key, text.size(), at.edge_slots);; slot = (slot + 1) & (at.edge_slots - 1)) {
        const edge& candidate = table[slot];
        const bool same = candidate.key == key && candidate.size == text.size(); // also for an empty slot and text
        if (same && (text.size() <= 8 || same_text(candidate, text))) return candidate.child;
        if (candidate.child == none) return none;
    }
}

/// One search down the tree.
class route_tree::search {
public:
    search(const route_tree& tree, method verb, const split_path& path, route_match& out) noexcept
        : tree_(tree), verb_(verb), path_(path), end_(path.text().size()), out_(out) {}

    /// Finds the route of the path itself.
    bool exact() noexcept { return walk(0, 1, 0); }

    /// Whether the path would have a route with its trailing slash removed or one added.
    bool other_slash() noexcept {
        if (end_ == 1) return false;
        add_slash_ = !path_.text().ends_with('/');
        if (!add_slash_) --end_;
        return walk(0, 1, 0);
    }

private:
    bool walk(std::uint32_t index, std::size_t at, std::uint8_t captures) noexcept;
    std::uint32_t text_child(const node& from, std::size_t at, std::size_t size) const noexcept;
    std::uint32_t escaped_child(const node& from, std::string_view raw) const noexcept;
    bool end_at(const node& last, std::uint8_t captures) noexcept;
    bool wildcard(const node& last, std::size_t at, std::uint8_t captures) noexcept;
    bool take(std::uint32_t leaf_index, std::uint8_t captures) noexcept;

    void capture(std::uint8_t index, std::size_t at, std::size_t end) noexcept {
        out_.captures[index] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at)};
    }

    const route_tree& tree_;
    method verb_;
    bool add_slash_ = false;
    const split_path& path_;
    std::size_t end_;
    route_match& out_;
};

inline std::uint32_t route_tree::search::text_child(const node& from, std::size_t at, std::size_t size) const noexcept {
    const std::string_view raw(path_.text().data() + at, size);
    if (path_.escaped() && raw.find('%') != std::string_view::npos) return escaped_child(from, raw);
    return tree_.find(from, path_.key(at, size), raw);
}

std::uint32_t route_tree::search::escaped_child(const node& from, std::string_view raw) const noexcept {
    std::array<char, longest_text> decoded;
    const auto size = decode_segment(raw, std::span<char>(decoded));
    if (size == 0) return none;
    const std::string_view text(decoded.data(), size);
    return tree_.find(from, text_key(text), text);
}

/// Handles the end of the path; when looking for the other slash, as if one more slash followed.
inline bool route_tree::search::end_at(const node& last, std::uint8_t captures) noexcept {
    if (!add_slash_) return take(last.leaf, captures);
    const auto slash = tree_.find(last, 0, std::string_view());
    if (slash != none && take(tree_.nodes_[slash].leaf, captures)) return true;
    return take(last.wildcard_leaf, captures);
}

inline bool route_tree::search::wildcard(const node& last, std::size_t at, std::uint8_t captures) noexcept {
    if (last.wildcard_leaf == none) return false;
    capture(captures, at, end_);
    return take(last.wildcard_leaf, static_cast<std::uint8_t>(captures + 1));
}

inline bool route_tree::search::take(std::uint32_t leaf_index, std::uint8_t captures) noexcept {
    if (leaf_index == none) return false;
    const leaf& found = tree_.leaves_[leaf_index];
    if (!found.methods.contains(verb_)) {
        out_.allowed.add(found.methods);
        return false;
    }
    out_.route = found.routes[static_cast<std::size_t>(verb_)];
    out_.capture_count = captures;
    return true;
}

/// Continues from a node with the segment at `at`; beyond the path's end there is none.
bool route_tree::search::walk(std::uint32_t index, std::size_t at, std::uint8_t captures) noexcept {
    for (;;) {
        const node& here = tree_.nodes_[index];
        if (at > end_) return end_at(here, captures);
        const auto segment_end = path_.segment_end(at);
        const auto text = text_child(here, at, segment_end - at);
        const auto parameter = segment_end != at ? here.parameter : none;
        if (parameter == none && here.wildcard_leaf == none) {
            if (text == none) return false;
            index = text;
        } else {
            if (text != none && walk(text, segment_end + 1, captures)) return true;
            if (parameter == none) return wildcard(here, at, captures);
            capture(captures, at, segment_end);
            if (here.wildcard_leaf != none)
                return walk(parameter, segment_end + 1, static_cast<std::uint8_t>(captures + 1)) ||
                       wildcard(here, at, captures);
            index = parameter;
            ++captures;
        }
        at = segment_end + 1;
    }
}

route_match route_tree::match(method verb, std::string_view path) const noexcept {
    route_match out;
    if (!path.starts_with('/')) return out;
    const split_path split(path);
    if (search(*this, verb, split, out).exact()) {
        out.status = route_status::found;
    } else if (!out.allowed.empty()) {
        out.status = route_status::method_not_allowed;
    } else {
        route_match other;
        out.alternative_slash = search(*this, verb, split, other).other_slash();
    }
    return out;
}

} // namespace weir::http::detail
