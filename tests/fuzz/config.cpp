// SPDX-License-Identifier: MIT
#include "app/config_bind.hpp"
#include "app/config_yaml.hpp"
#include <weir/app/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>

namespace {

struct part {
    std::string name{};
    std::int64_t size = 1;
    std::optional<std::string> secret{};
};
BOOST_DESCRIBE_STRUCT(part, (), (name, size, secret))

struct settings {
    std::uint16_t port = 1;
    bool debug{};
    double ratio{};
    std::chrono::milliseconds wait{};
    part main{};
    std::optional<part> other{};
    std::vector<part> parts{};
    std::map<std::string, part> named{};
    std::vector<std::string> names{};
};
BOOST_DESCRIBE_STRUCT(settings, (), (port, debug, ratio, wait, main, other, parts, named, names))

} // namespace

template<>
inline constexpr auto weir::schema<part> =
    weir::object()
        .field(&part::name, weir::not_empty)
        .field(&part::size, weir::range(1, 9))
        .field(&part::secret, weir::secret, weir::min_length(3));

// Two layers, split at a line of equals signs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::config;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto split = bytes.find("\n====\n");
    const std::string_view second = split == bytes.npos ? std::string_view() : bytes.substr(split + 6);

    settings made{};
    const target into = target_of(made);
    binder layers(into, [](std::string_view name) -> std::optional<std::string> {
        if (name == "SET") return "value";
        return {};
    });
    std::vector<mistake> mistakes;
    layers.set_defaults();
    layers.lay(read_yaml(bytes.substr(0, split), "a.yaml", 0, mistakes));
    layers.lay(read_yaml(second, "b.yaml", 1, mistakes));
    layers.check_rules();
    for (const auto& one : layers.mistakes())
        if (one.message.empty() || one.message.find('\n') != std::string::npos) std::abort();
    return 0;
}
