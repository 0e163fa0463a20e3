// SPDX-License-Identifier: MIT
#include "feed/batch_encoder.hpp"
#include "feed/event_files.hpp"
#include "resilience/option_check.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unistd.h>

namespace weir::feed::detail {

namespace {

using resilience::detail::check_option;

bool fits_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

void check_name(std::string_view option, std::string_view name) {
    const bool fits = !name.empty() && name.size() <= 64 && name.front() != '.' && std::ranges::all_of(name, fits_name);
    check_option(fits, option, name, "1 to 64 letters, digits, '_', '-' and '.', not beginning with '.'");
}

void check_duration(std::string_view option, duration value, bool zero_fits) {
    const bool fits = value > duration::zero() || (zero_fits && value == duration::zero());
    check_option(fits, option, fmt::format("{} ns", value.count()), zero_fits ? "0 or more" : "more than 0");
}

std::string default_producer() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) name.front() = '\0';
    std::string host(name.data());
    host.resize(std::min<std::size_t>(host.size(), 48));
    std::ranges::replace_if(
        host, [](char c) { return !fits_name(c); }, '_');
    if (host.empty() || host.front() == '.') host.insert(0, "host");
    return host + '-' + std::to_string(::getpid());
}

void check_sizes(const event_writer_options& given) {
    check_option(given.queue >= 1, "event_writer_options.queue", given.queue, "1 or more");
    check_option(given.batch_bytes >= 1, "event_writer_options.batch_bytes", given.batch_bytes, "1 or more");
    check_option(given.rotate_bytes >= 1, "event_writer_options.rotate_bytes", given.rotate_bytes, "1 or more");
    const bool fits = given.max_total_bytes == 0 || given.max_total_bytes >= given.rotate_bytes;
    check_option(fits, "event_writer_options.max_total_bytes", given.max_total_bytes, "0, or rotate_bytes or more");
}

} // namespace

event_writer_options checked(event_writer_options given) {
    check_option(!given.folder.empty() && given.folder.find('\0') == std::string::npos, "event_writer_options.folder",
                 given.folder, "a path");
    check_name("event_writer_options.prefix", given.prefix);
    if (given.producer.empty()) given.producer = default_producer();
    check_name("event_writer_options.producer", given.producer);
    check_option(available(given.compression), "event_writer_options.compression", "gzip",
                 "none, because weir was built without zlib");
    const bool level_fits = given.compression_level >= 1 && given.compression_level <= 9;
    check_option(level_fits, "event_writer_options.compression_level", given.compression_level, "1 to 9");
    check_sizes(given);
    check_duration("event_writer_options.batch_every", given.batch_every, true);
    check_duration("event_writer_options.rotate_every", given.rotate_every, false);
    check_duration("event_writer_options.sync_every", given.sync_every, false);
    check_duration("event_writer_options.retry_base", given.retry_base, false);
    check_duration("event_writer_options.retry_max", given.retry_max, false);
    check_duration("event_writer_options.close_limit", given.close_limit, true);
    check_option(given.clock != nullptr, "event_writer_options.clock", "null", "a clock");
    return given;
}

} // namespace weir::feed::detail
