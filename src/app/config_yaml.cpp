// SPDX-License-Identifier: MIT
#include "app/config_yaml.hpp"

#include <weir/core/utf8.hpp>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <memory>
#include <sstream>

namespace weir::config {

namespace {

constexpr std::size_t deepest = 32;

// If the text ends right after it, yaml-cpp takes the end of the file for a closing quotation mark. This comment at the
// end makes it report the error.
constexpr std::string_view end_mark = "# \x01 the end of the file";

struct unreadable {
    int line;
    std::string why;
};

// Builds the tree from the parser's events rather than yaml-cpp's nodes: events have line numbers, aliases and repeated
// keys, and allow stopping early.
class tree_builder final : public YAML::EventHandler {
public:
    tree_builder(std::string file, int layer, std::vector<mistake>& mistakes)
        : file_(std::move(file)), layer_(layer), mistakes_(mistakes) {}

    node take() { return std::move(root_); }
    /// The line of the last key read.
    int last_key_line() const noexcept { return last_key_line_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) stop(mark, "a second YAML document");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(mark, node::kind::null, {}); }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        stop(mark, "an alias (*name); write the value out");
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
        check_tag(mark, tag);
        if (value.find('\0') != std::string::npos) stop(mark, "a NUL character");
        if (expects_key())
            take_key(mark, value);
        else
            add(mark, node::kind::scalar, value);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(mark, node::kind::list);
    }
    void OnSequenceEnd() override { open_.pop_back(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(mark, node::kind::section);
    }
    void OnMapEnd() override { open_.pop_back(); }

private:
    struct level {
        node* into;
        std::string key{};
        bool has_key = false;
        bool skipped = false; // the key is a duplicate: its value is read and dropped
        YAML::Mark key_at{};
    };

    [[noreturn]] static void stop(const YAML::Mark& mark, std::string why) {
        throw unreadable{mark.line + 1, std::move(why)};
    }

    static void check_tag(const YAML::Mark& mark, const std::string& tag) {
        const bool implied = tag.empty() || tag == "?" || tag == "!";
        if (!implied) stop(mark, "an explicit tag (!type); the settings have their types already");
    }

    origin at(const YAML::Mark& mark) const {
        const int line = mark.line + 1;
        return {layer_, line, file_ + ":" + std::to_string(line)};
    }

    bool expects_key() const {
        return !open_.empty() && open_.back().into->is == node::kind::section && !open_.back().has_key;
    }

    void take_key(const YAML::Mark& mark, const std::string& key) {
        level& in = open_.back();
        in.key = key;
        in.has_key = true;
        in.key_at = mark;
        last_key_line_ = mark.line + 1;
        const auto& entries = in.into->entries;
        const auto first = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.first == key; });
        in.skipped = first != entries.end();
        if (in.skipped)
            mistakes_.push_back({at(mark), key, "duplicate",
                                 key + ": given twice, first in line " + std::to_string(first->second.at.line)});
    }

    // Returns the place of the next value, which gets the line of its key, where users look for it.
    node* add(const YAML::Mark& mark, node::kind kind, std::string text) {
        if (expects_key()) stop(mark, "a key that isn't plain text");
        if (open_.empty()) return &(root_ = node{kind, std::move(text), {}, {}, at(mark)});
        level& in = open_.back();
        if (in.into->is == node::kind::list)
            return &in.into->items.emplace_back(node{kind, std::move(text), {}, {}, at(mark)});
        in.has_key = false;
        node value{kind, std::move(text), {}, {}, at(in.key_at)};
        if (in.skipped) return &(dropped_.emplace_back(std::make_unique<node>(std::move(value))), *dropped_.back());
        return &in.into->entries.emplace_back(std::move(in.key), std::move(value)).second;
    }

    void open(const YAML::Mark& mark, node::kind kind) {
        if (open_.size() >= deepest) stop(mark, "more than 32 levels");
        node* into = add(mark, kind, {});
        open_.push_back({into});
    }

    std::string file_;
    int layer_;
    std::vector<mistake>& mistakes_;
    int documents_ = 0;
    int last_key_line_ = 1;
    node root_{node::kind::section};
    std::vector<level> open_;
    std::vector<std::unique_ptr<node>> dropped_;
};

int line_of(std::string_view text, std::size_t position) {
    return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
}

void check_bytes(std::string_view text) {
    if (text.size() > largest_file) throw unreadable{1, "larger than 1 MiB"};
    if (const auto nul = text.find('\0'); nul != std::string_view::npos)
        throw unreadable{line_of(text, nul), "a NUL character"};
    for (std::size_t start = 0, line = 1; start < text.size(); ++line) {
        const auto end = std::min(text.find('\n', start), text.size());
        if (!is_utf8(text.substr(start, end - start))) throw unreadable{static_cast<int>(line), "not UTF-8"};
        start = end + 1;
    }
}

void parse(std::string_view text, tree_builder& builder) {
    std::string closed(text);
    if (!closed.ends_with('\n')) closed += '\n';
    std::istringstream in(closed.append(end_mark));
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
}

} // namespace

node read_yaml(std::string_view text, const std::string& file, int layer, std::vector<mistake>& mistakes) {
    tree_builder builder(file, layer, mistakes);
    const auto give_up = [&](int line, const std::string& why) {
        mistakes.push_back({{layer, line, file + ":" + std::to_string(line)}, {}, "yaml", why});
        return node{node::kind::section};
    };
    try {
        check_bytes(text);
        parse(text, builder);
    } catch (const unreadable& failure) {
        return give_up(failure.line, failure.why);
    } catch (const YAML::Exception& failure) {
        const bool open_quotation = failure.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
        if (open_quotation) return give_up(builder.last_key_line(), "unclosed quotation mark");
        return give_up(std::clamp(failure.mark.line + 1, 1, line_of(text, text.size())), failure.msg);
    }
    node root = builder.take();
    if (root.is == node::kind::null) root.is = node::kind::section;
    if (root.is != node::kind::section) return give_up(root.at.line, "expected settings as `name: value`");
    return root;
}

} // namespace weir::config
