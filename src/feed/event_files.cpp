// SPDX-License-Identifier: MIT
#include "feed/event_files.hpp"

#include <weir/core/rfc3339.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::feed::detail {

namespace {

std::chrono::sys_days day_of(wall_time at) noexcept { return std::chrono::floor<std::chrono::days>(at); }

// `20261130T101500Z`, which sorts by time.
std::string compact_time(wall_time at) {
    std::string text;
    append_rfc3339(text, std::chrono::floor<std::chrono::seconds>(at));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

std::string_view suffix_of(event_compression how) noexcept {
    return how == event_compression::gzip ? ".jsonl.gz" : ".jsonl";
}

} // namespace

file_names::file_names(const event_writer_options& options)
    : folder_(options.folder), prefix_(options.prefix), producer_(options.producer),
      suffix_(suffix_of(options.compression)), partitioned_(options.partition_by_date) {}

std::string file_names::folder_at(wall_time now) const {
    if (!partitioned_) return folder_;
    std::string folder = folder_ + "/dt=";
    append_rfc3339_date(folder, day_of(now));
    return folder;
}

std::string file_names::next(wall_time now) {
    return fmt::format("{}-{}-{}-{:06}{}", prefix_, compact_time(now), producer_, ++last_, suffix_);
}

// The prefix is followed by a time, so that `orders` doesn't match the files of `orders-eu`.
bool file_names::is_named(std::string_view name, std::string_view suffix) const noexcept {
    constexpr std::string_view time = "-00000000T000000Z-";
    if (name.size() < prefix_.size() + time.size() + suffix.size()) return false;
    if (!name.starts_with(prefix_) || !name.ends_with(suffix)) return false;
    return std::ranges::equal(name.substr(prefix_.size(), time.size()), time, [](char found, char expected) {
        return expected == '0' ? found >= '0' && found <= '9' : found == expected;
    });
}

bool file_names::is_completed(std::string_view name) const noexcept {
    return is_named(name, suffix_of(event_compression::gzip)) || is_named(name, suffix_of(event_compression::none));
}

bool file_names::is_unfinished(std::string_view name) const noexcept {
    return name.ends_with(unfinished) && is_completed(name.substr(0, name.size() - unfinished.size()));
}

bool is_partition(std::string_view name) noexcept {
    return name.starts_with("dt=") && parse_rfc3339_date(name.substr(3)).has_value();
}

result<std::string> complete_name(file_system& files, int folder, const std::string& unfinished) {
    const std::string name = unfinished.substr(0, unfinished.size() - file_names::unfinished.size());
    const std::size_t end = name.rfind(".jsonl");
    auto renamed = files.rename(folder, unfinished, name);
    if (renamed) return name;
    for (int n = 2; !renamed && renamed.error() == errc::already_exists && n < 1000; ++n) {
        const std::string variant = fmt::format("{}-{}{}", name.substr(0, end), n, name.substr(end));
        renamed = files.rename(folder, unfinished, variant);
        if (renamed) return variant;
    }
    return renamed.error();
}

event_file::event_file(file_system& files, std::string folder, std::string name, open_descriptor in,
                       open_descriptor file)
    : files_(&files), folder_(std::move(folder)), name_(std::move(name)), in_(std::move(in)), file_(std::move(file)) {}

result<event_file> event_file::create(file_system& files, file_names& names, wall_time now, bool sync) {
    std::string folder = names.folder_at(now);
    if (auto created = files.create_folder(folder); !created) return created.error();
    const auto in = files.open_folder(folder);
    if (!in) return in.error();
    open_descriptor folder_descriptor(files, *in);
    const auto next_name = [&] { return names.next(now) + std::string(file_names::unfinished); };
    std::string name = next_name();
    auto file = files.create_file(*in, name);
    // Another writer may have used the name in this second.
    for (int tries = 0; !file && file.error() == errc::already_exists && tries < 1000; ++tries) {
        name = next_name();
        file = files.create_file(*in, name);
    }
    if (!file) return file.error();
    open_descriptor descriptor(files, *file);
    if (sync) {
        if (auto synced = files.sync(*in); !synced) return synced.error();
    }
    return event_file(files, std::move(folder), std::move(name), std::move(folder_descriptor), std::move(descriptor));
}

result<void> event_file::append(std::string_view batch, bool sync) {
    auto done = write_all(batch);
    if (done && sync) done = this->sync();
    if (done) done = still_linked();
    if (done) {
        size_ += batch.size();
        return done;
    }
    if (!files_->truncate(file_.get(), size_)) torn_ = true;
    return done;
}

result<void> event_file::write_all(std::string_view batch) {
    while (!batch.empty()) {
        const auto wrote = files_->write(file_.get(), batch);
        if (!wrote) return wrote.error();
        if (*wrote == 0) return error(errc::unavailable, "the disk takes no more events: " + path());
        batch.remove_prefix(*wrote);
    }
    return ok();
}

result<void> event_file::still_linked() {
    const auto linked = files_->linked(file_.get());
    if (!linked) return linked.error();
    if (!*linked) return error(errc::not_found, "removed before it was complete: " + path());
    return ok();
}

result<void> event_file::sync() { return files_->sync(file_.get()); }

result<void> event_file::complete(bool sync) {
    if (auto present = still_linked(); !present) return present;
    if (sync) {
        if (auto synced = this->sync(); !synced) return synced;
    }
    if (!renamed_) {
        auto renamed = complete_name(*files_, in_.get(), name_);
        if (!renamed) return renamed.error();
        name_ = std::move(*renamed);
        renamed_ = true;
    }
    return sync ? files_->sync(in_.get()) : ok();
}

} // namespace weir::feed::detail
