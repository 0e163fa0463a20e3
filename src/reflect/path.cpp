// SPDX-License-Identifier: MIT
#include <weir/reflect/detail/path.hpp>

namespace weir::reflect::detail {

std::string path_step::text() const {
    std::string path = parent ? parent->text() : std::string();
    if (name.data())
        append_path(path, name);
    else
        append_path(path, index);
    return path;
}

void append_path(std::string& path, std::string_view name) {
    constexpr std::size_t longest = 64;
    if (!path.empty()) path += '.';
    if (name.size() <= longest) {
        path += name;
        return;
    }
    std::size_t cut = longest;
    while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0) == 0x80) --cut; // don't cut inside a code point
    path.append(name.substr(0, cut)).append("...");
}

void append_path(std::string& path, std::size_t index) {
    path += '[';
    path += std::to_string(index);
    path += ']';
}

} // namespace weir::reflect::detail
