// SPDX-License-Identifier: MIT
#include "app/config_yaml.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace weir::config;

namespace {

struct reading {
    std::vector<mistake> mistakes;
    node root;

    explicit reading(std::string_view text) : root(read_yaml(text, "app.yaml", 0, mistakes)) {}

    // The only mistake, as `where: message`.
    std::string refused() const {
        REQUIRE(mistakes.size() == 1);
        return mistakes[0].at.where + ": " + mistakes[0].message;
    }
};

const node& at(const node& section, std::string_view name) {
    for (const auto& [known, value] : section.entries)
        if (known == name) return value;
    throw std::out_of_range(std::string(name));
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
}

} // namespace

TEST_CASE("sections, lists and scalars are read as strings, each with its line") {
    const reading file("# settings\nport: 8080\ndb:\n  url: 'a: b'\n  hosts: [one, \"two\"]\nempty:\n");
    CHECK(file.mistakes.empty());
    CHECK(at(file.root, "port").text == "8080");
    CHECK(at(file.root, "port").at.where == "app.yaml:2");
    CHECK(at(at(file.root, "db"), "url").text == "a: b");
    CHECK(at(at(file.root, "db"), "url").at.line == 4);
    const node& hosts = at(at(file.root, "db"), "hosts");
    REQUIRE(hosts.items.size() == 2);
    CHECK(hosts.items[1].text == "two");
    CHECK(at(file.root, "empty").is == node::kind::null);
}

TEST_CASE("an empty file, comments only and an empty document contain no settings") {
    for (const std::string_view text : {"", "\n", "# nothing\n", "---\n", "---\n...\n", "~\n"}) {
        const reading file(text);
        CHECK(file.mistakes.empty());
        CHECK(file.root.entries.empty());
        CHECK(file.root.is == node::kind::section);
    }
}

TEST_CASE("other systems' line ends and a byte order mark are accepted") {
    const reading file("\xef\xbb\xbfport: 1\r\nhost: h\r\n");
    CHECK(file.mistakes.empty());
    CHECK(at(file.root, "host").text == "h");
    CHECK(at(file.root, "host").at.line == 2);
}

TEST_CASE("a block of text keeps its lines and gains none") {
    const reading file("key: |\n  one\n  two\nlast: |\n  three");
    CHECK(file.mistakes.empty());
    CHECK(at(file.root, "key").text == "one\ntwo\n");
    CHECK(at(file.root, "last").text == "three\n");
}

TEST_CASE("a duplicate key is a mistake that names both lines, and the others are still read") {
    const reading file("port: 1\nhost: h\nport: 2\nlast: x\n");
    CHECK(file.refused() == "app.yaml:3: port: given twice, first in line 1");
    CHECK(at(file.root, "port").text == "1");
    CHECK(at(file.root, "last").text == "x");
}

TEST_CASE("a repeated section is one mistake, whatever it contains") {
    const reading file("db:\n  a: 1\ndb:\n  a: 1\n  b: [1, {c: 2}]\n");
    CHECK(file.refused() == "app.yaml:3: db: given twice, first in line 1");
}

TEST_CASE("aliases are refused, so a small file can't become a large one") {
    std::string bomb = "a: &a [x, x]\n";
    for (char name = 'b'; name < 'z'; ++name) {
        const std::string before(1, static_cast<char>(name - 1));
        bomb += std::string(1, name) + ": &" + name + " [*" + before + ", *" + before + "]\n";
    }
    CHECK(reading(bomb).refused() == "app.yaml:2: an alias (*name); write the value out");
}

TEST_CASE("explicit tags, keys that aren't strings and second documents are refused") {
    CHECK(reading("port: !!int 1\n").refused() ==
          "app.yaml:1: an explicit tag (!type); the settings have their types already");
    CHECK(reading("a: 1\n? [b, c]\n: 2\n").refused() == "app.yaml:2: a key that isn't plain text");
    CHECK(reading("? {a: b}\n: 2\n").refused() == "app.yaml:1: a key that isn't plain text");
    CHECK(reading("~: 2\n").refused() == "app.yaml:1: a key that isn't plain text");
    CHECK(reading("a: 1\n---\nb: 2\n").refused() == "app.yaml:2: a second YAML document");
}

TEST_CASE("a file that isn't a section of settings is refused") {
    CHECK(reading("just text\n").refused() == "app.yaml:1: expected settings as `name: value`");
    CHECK(reading("- a\n- b\n").refused() == "app.yaml:1: expected settings as `name: value`");
}

TEST_CASE("broken YAML is refused with its line") {
    CHECK(reading("a: 1\nb: c: d\n").refused() == "app.yaml:2: illegal map value");
    CHECK(reading("a: [1, 2\nb: 3\n").mistakes.size() == 1);
    CHECK(reading("a: 1\n\tb: 2\n").mistakes.size() == 1);
    CHECK(reading("a: }\n").mistakes.size() == 1);
}

TEST_CASE("an unclosed quotation mark is refused") {
    CHECK(reading("a: 1\nb: \"open\nc: 2\n").refused() == "app.yaml:2: unclosed quotation mark");
    CHECK(reading("a: 'open").refused() == "app.yaml:1: unclosed quotation mark");
}

TEST_CASE("NUL is refused, literal or escaped") {
    CHECK(reading(std::string_view("a: 1\nb: \0x\n", 11)).refused() == "app.yaml:2: a NUL character");
    CHECK(reading("a: 1\nb: \"x\\0\"\n").refused() == "app.yaml:2: a NUL character");
}

TEST_CASE("invalid UTF-8 is refused with its line") {
    CHECK(reading("a: 1\nb: \xff\n").refused() == "app.yaml:2: not UTF-8");
    CHECK(reading("a: \xc3\xa4\n").mistakes.empty());
}

TEST_CASE("deep nesting and large files are refused without harm") {
    CHECK(reading(repeated("[", 1'000'000)).mistakes.size() == 1);
    CHECK(reading(repeated("{", 100'000)).mistakes.size() == 1);
    CHECK(reading(repeated("- ", 100'000)).mistakes.size() == 1);
    CHECK(reading("a: " + repeated("[", 31) + repeated("]", 31) + "\n").mistakes.empty());
    CHECK(reading("a: " + repeated("[", 32) + repeated("]", 32) + "\n").refused() == "app.yaml:1: more than 32 levels");
    CHECK(reading(std::string(1024 * 1024 + 1, '#')).refused() == "app.yaml:1: larger than 1 MiB");
    CHECK(reading(std::string(1024 * 1024, '#')).mistakes.empty());
}
