// SPDX-License-Identifier: MIT
#include "http/client/case_file.hpp"

#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace weir::bench {

namespace {

std::size_t count_from(const std::string& text) {
    std::size_t used = 0;
    const auto value = std::stoul(text, &used);
    if (used != text.size() || value == 0) throw std::invalid_argument(text);
    return value;
}

void apply_setting(load_case& wanted, const std::string& line) {
    const auto space = line.find(' ');
    const auto key = line.substr(0, space);
    const auto value = space == std::string::npos ? std::string() : line.substr(space + 1);
    if (key == "connections")
        wanted.connections = count_from(value);
    else if (key == "depth")
        wanted.depth = count_from(value);
    else if (key == "status")
        wanted.status = static_cast<int>(count_from(value));
    else if (key == "content_type")
        wanted.content_type = value;
    else if (key == "body")
        wanted.body = value;
    else
        throw std::invalid_argument(key);
}

void read_settings(std::istream& file, load_case& wanted) {
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line == "---") return;
        if (line.empty() || line.starts_with('#')) continue;
        try {
            apply_setting(wanted, line);
        } catch (const std::logic_error&) {
            throw std::runtime_error(wanted.name + ":" + std::to_string(number) + ": not a setting: " + line);
        }
    }
    throw std::runtime_error(wanted.name + ": no --- line before the request");
}

std::string read_head(std::istream& file, const std::string& name) {
    std::string head;
    for (std::string line; std::getline(file, line) && !line.empty();) head += line + "\r\n";
    if (head.empty()) throw std::runtime_error(name + ": no request after the --- line");
    return head;
}

} // namespace

load_case read_case(std::istream& file, std::string name) {
    load_case wanted;
    wanted.name = std::move(name);
    read_settings(file, wanted);
    wanted.request = read_head(file, wanted.name);
    std::string body(std::istreambuf_iterator<char>(file), {});
    if (body.ends_with('\n')) body.pop_back();
    if (!body.empty()) wanted.request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    wanted.request += "\r\n" + body;
    if (wanted.body.empty()) wanted.body = std::move(body);
    return wanted;
}

load_case read_case_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("can't read " + path);
    return read_case(file, std::filesystem::path(path).stem().string());
}

} // namespace weir::bench
