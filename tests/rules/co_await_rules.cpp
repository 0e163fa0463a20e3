// SPDX-License-Identifier: MIT
// co_await_rules PATH...           reports expressions that g++ 12 miscompiles; exits with 1 if there are any.
// co_await_rules --expect PATH...  expects a report exactly on the lines that end in "// flagged".
//
// g++ 12 copies certain temporaries of a full expression with a co_await bitwise and destroys both: aggregates, lambdas
// with owning captures, conditional values of class type. This program reads tokens, not types, so it is slightly
// stricter than the compiler requires: no braces in such an expression, no by-value captures in its lambdas, no
// conditional inside the awaited operand. The remedy is always to name the value in a separate statement.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct token {
    std::string_view text;
    int line = 0;
    int match = -1;     // index of the matching bracket
    bool block = false; // a brace that begins statements or declarations, not a value
};

struct finding {
    int line = 0;
    std::string_view what;

    bool operator<(const finding& other) const { return line < other.line; }
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Splits a source into words and punctuation; skips comments, literals and preprocessor lines.
class lexer {
    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    bool line_start_ = true;

public:
    explicit lexer(std::string_view text) : text_(text) {}

    std::vector<token> tokens() {
        std::vector<token> out;
        while (at_ < text_.size()) {
            if (skip_blank() || skip_comment() || skip_directive()) continue;
            line_start_ = false;
            const int line = line_;
            const auto text = next();
            out.push_back({.text = text, .line = line});
        }
        return out;
    }

private:
    bool starts(std::string_view what) const { return text_.substr(at_, what.size()) == what; }

    void advance(std::size_t count) {
        const auto end = std::min(at_ + count, text_.size());
        for (; at_ < end; ++at_)
            if (text_[at_] == '\n') ++line_, line_start_ = true;
    }

    void advance_past(std::string_view what, std::size_t from) {
        const auto found = text_.find(what, from);
        advance(found == text_.npos ? text_.size() : found + what.size() - at_);
    }

    bool skip_blank() {
        if (std::isspace(static_cast<unsigned char>(text_[at_])) == 0) return false;
        advance(1);
        return true;
    }

    bool skip_comment() {
        const bool line = starts("//");
        if (!line && !starts("/*")) return false;
        if (line)
            advance_past("\n", at_);
        else
            advance_past("*/", at_ + 2);
        return true;
    }

    bool skip_directive() {
        if (!line_start_ || text_[at_] != '#') return false;
        auto end = text_.find('\n', at_);
        while (end != text_.npos && text_[end - 1] == '\\') end = text_.find('\n', end + 1);
        advance(end == text_.npos ? text_.size() : end - at_);
        return true;
    }

    std::string_view next() {
        const auto begin = at_;
        if (is_word(text_[at_])) {
            word();
        } else if (text_[at_] == '"' || text_[at_] == '\'') {
            literal(text_[at_]);
        } else {
            advance(starts("->") || starts("::") || starts("[[") || starts("]]") ? 2 : 1);
        }
        return text_.substr(begin, at_ - begin);
    }

    void word() {
        const auto begin = at_;
        const bool number = std::isdigit(static_cast<unsigned char>(text_[at_])) != 0;
        while (at_ < text_.size() && (is_word(text_[at_]) || (number && text_[at_] == '\''))) advance(1);
        const auto prefix = text_.substr(begin, at_ - begin);
        if (at_ < text_.size() && text_[at_] == '"' && prefix.ends_with('R')) raw_literal();
    }

    void raw_literal() {
        const auto open = text_.find('(', at_);
        const std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
        advance_past(close, open);
    }

    void literal(char quote) {
        advance(1);
        while (at_ < text_.size() && text_[at_] != quote) advance(text_[at_] == '\\' ? 2 : 1);
        advance(1);
    }
};

/// A source's tokens with matched brackets and classified braces.
class source {
    std::vector<token> tokens_;

public:
    explicit source(std::string_view text) : tokens_(lexer(text).tokens()) {
        match_brackets();
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            if (is(i, "{")) mark(i, opens_block(i));
    }

    std::set<finding> findings() const {
        std::set<finding> out;
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            if (is(i, "co_await")) inspect(i, out);
        return out;
    }

private:
    bool is(std::size_t i, std::string_view text) const { return i < tokens_.size() && tokens_[i].text == text; }
    bool is_word_at(std::size_t i) const { return i < tokens_.size() && is_word(tokens_[i].text.front()); }

    bool is_any(std::size_t i, std::initializer_list<std::string_view> texts) const {
        return std::any_of(texts.begin(), texts.end(), [&](auto text) { return is(i, text); });
    }

    std::size_t match(std::size_t i) const {
        return tokens_[i].match < 0 ? i : static_cast<std::size_t>(tokens_[i].match);
    }

    void mark(std::size_t open, bool block) { tokens_[open].block = tokens_[match(open)].block = block; }

    void match_brackets() {
        std::vector<std::size_t> open;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (is_any(i, {"(", "[", "{", "[["})) open.push_back(i);
            if (!is_any(i, {")", "]", "}", "]]"}) || open.empty()) continue;
            tokens_[i].match = static_cast<int>(open.back());
            tokens_[open.back()].match = static_cast<int>(i);
            open.pop_back();
        }
    }

    // Walks back over the type of a trailing return ("-> task<int> {"); returns its start, or `open`.
    std::size_t before_trailing_return(std::size_t open) const {
        for (std::size_t i = open; i-- > 0;) {
            if (is(i, "->")) return i;
            if (is(i, ")")) {
                i = match(i);
                continue;
            }
            if (!is_word_at(i) && !is_any(i, {"::", "<", ">", "*", "&", ",", "]", "["})) return open;
        }
        return open;
    }

    bool declares_a_scope(std::size_t open) const {
        for (std::size_t i = open; i-- > 0 && !is_any(i, {";", "{", "}", ")", "=", "("});)
            if (is_any(i, {"class", "struct", "union", "enum", "namespace", "extern"})) return true;
        return false;
    }

    bool opens_block(std::size_t open) const {
        if (open == 0) return true;
        const auto previous = open - 1;
        if (is_any(previous, {")", ";", ":", "else", "do", "try", "mutable", "noexcept", "const", "override", "final"}))
            return true;
        if (is_any(previous, {"{", "}"})) return tokens_[previous].block || is(previous, "}");
        if (is(previous, "]")) return starts_lambda(match(previous));
        return before_trailing_return(open) != open || declares_a_scope(open);
    }

    bool starts_lambda(std::size_t bracket) const {
        if (!is(bracket, "[")) return false;
        if (bracket == 0) return true;
        const auto previous = bracket - 1;
        if (is_any(previous, {"return", "co_return", "co_await", "co_yield"})) return true;
        return !is_word_at(previous) && !is_any(previous, {")", "]"});
    }

    // The first token of the full expression that contains `i`: after a semicolon or a block's brace.
    std::size_t expression_begin(std::size_t i) const {
        while (i > 0) {
            const auto previous = i - 1;
            if (is(previous, ";") || (is(previous, "{") && tokens_[previous].block)) return i;
            if (is(previous, "}") && tokens_[previous].block && !ends_lambda(previous)) return i;
            i = is_any(previous, {")", "]", "}"}) ? match(previous) : previous;
        }
        return i;
    }

    std::size_t expression_end(std::size_t i) const {
        for (; i < tokens_.size(); ++i) {
            if (is(i, ";") || (is(i, "}") && tokens_[i].block)) return i;
            if (is(i, "{") && tokens_[i].block && !ends_lambda(match(i))) return i;
            if (is_any(i, {"(", "[", "{"})) i = match(i);
        }
        return i;
    }

    // Whether a closing brace ends a lambda's body.
    bool ends_lambda(std::size_t close) const {
        auto i = match(close);
        i = before_trailing_return(i);
        while (i > 0 && is_any(i - 1, {"mutable", "noexcept", "constexpr"})) --i;
        if (i > 0 && is(i - 1, ")")) i = match(i - 1);
        return i > 0 && is(i - 1, "]") && starts_lambda(match(i - 1));
    }

    bool owns_captures(std::size_t open) const {
        const auto close = match(open);
        for (auto i = open + 1; i < close; ++i) {
            const bool first = is(i - 1, ",") || i == open + 1;
            const bool pointer = is(i + 1, "=") && is(i + 2, "&");
            if (first && !is(i, "&") && !is(i, "this") && !pointer) return true;
            if (is_any(i, {"(", "{", "["})) i = match(i);
        }
        return false;
    }

    void inspect(std::size_t await, std::set<finding>& out) const {
        const auto end = expression_end(await);
        for (auto i = expression_begin(await); i < end; ++i) {
            if (is(i, "{") && !tokens_[i].block) {
                const bool around = i < await && await < match(i);
                out.insert({tokens_[around ? await : i].line,
                            around ? "co_await inside the braces of an initialiser: await in a statement of its own"
                                   : "braces in a full expression with co_await: name the value before"});
            }
            if (starts_lambda(i)) {
                if (owns_captures(i))
                    out.insert({tokens_[i].line, "a lambda that captures by value in a full expression with "
                                                 "co_await: name it before, or capture by reference"});
                i = match(i);
            }
            if (is(i, "{") && tokens_[i].block) i = match(i);
        }
        inspect_operand(await, end, out);
    }

    // A conditional within the operand's brackets creates a temporary that the awaited call may hold.
    void inspect_operand(std::size_t await, std::size_t end, std::set<finding>& out) const {
        for (auto i = await + 1; i < end && !is_any(i, {",", ")", "]", "}", "?", "=", "+", "-", "!", ":"}); ++i) {
            if (!is_any(i, {"(", "["})) continue;
            if (!starts_lambda(i)) inspect_arguments(i, out);
            i = match(i);
            if (is(i + 1, "{") && tokens_[i + 1].block) return;
        }
    }

    void inspect_arguments(std::size_t open, std::set<finding>& out) const {
        for (auto i = open + 1; i < match(open); ++i) {
            if (is(i, "{")) i = match(i);
            if (is(i, "?"))
                out.insert({tokens_[i].line, "a conditional inside the awaited operand: name its value before"});
        }
    }
};

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

std::set<int> expected_lines(std::string_view text) {
    std::set<int> out;
    int line = 1;
    for (std::size_t at = 0; at < text.size(); ++line) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (text.substr(at, end - at).ends_with("// flagged")) out.insert(line);
        at = end + 1;
    }
    return out;
}

int report(const fs::path& path, const std::set<finding>& found) {
    for (const auto& one : found) std::cout << path.string() << ':' << one.line << ": " << one.what << '\n';
    return static_cast<int>(found.size());
}

int compare(const fs::path& path, const std::set<finding>& found, const std::set<int>& expected) {
    int wrong = 0;
    std::set<int> lines;
    for (const auto& one : found) lines.insert(one.line);
    for (const int line : expected)
        if (!lines.contains(line)) ++wrong, std::cout << path.string() << ':' << line << ": was not flagged\n";
    for (const auto& one : found)
        if (!expected.contains(one.line))
            ++wrong, std::cout << path.string() << ':' << one.line << ": flagged by mistake: " << one.what << '\n';
    return wrong;
}

bool is_source(const fs::path& path) { return path.extension() == ".hpp" || path.extension() == ".cpp"; }

bool is_fixture(const fs::path& path) { return path.string().find("_fixture/") != std::string::npos; }

struct options {
    bool expect = false;
    std::vector<fs::path> roots;
};

options parse(int argc, char** argv) {
    options out;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--expect") {
            out.expect = true;
        } else {
            out.roots.emplace_back(argv[i]);
        }
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    const auto asked = parse(argc, argv);
    int files = 0;
    int wrong = 0;
    for (const auto& root : asked.roots) {
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            if (!is_source(entry.path()) || is_fixture(entry.path()) != asked.expect) continue;
            ++files;
            const auto text = read(entry.path());
            const auto found = source(text).findings();
            wrong += asked.expect ? compare(entry.path(), found, expected_lines(text)) : report(entry.path(), found);
        }
    }
    std::cout << files << " files, " << wrong << (asked.expect ? " differences\n" : " broken rules\n");
    return files > 0 && wrong == 0 ? 0 : 1;
}
