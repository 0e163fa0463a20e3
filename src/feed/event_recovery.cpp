// SPDX-License-Identifier: MIT
#include "feed/batch_encoder.hpp"
#include "feed/event_files.hpp"

#include <algorithm>
#include <utility>

namespace weir::feed::detail {

namespace {

using kind = event_writer_event::what;

constexpr std::size_t read_size = 64 * 1024;

struct found_file {
    std::string folder;
    std::string name;
    std::uint64_t size = 0;

    std::string path() const { return folder + '/' + name; }
};

// Appends the files of the folder and of its partitions that `fits` accepts.
template<class F>
result<std::vector<found_file>> find_files(file_system& files, const std::string& folder, F fits) {
    std::vector<found_file> found;
    std::vector<std::string> folders{folder};
    for (std::size_t at = 0; at < folders.size(); ++at) {
        auto entries = files.list(folders[at]);
        if (!entries) return entries.error();
        for (auto& one : *entries) {
            if (one.folder && at == 0 && is_partition(one.name)) folders.push_back(folder + '/' + one.name);
            if (!one.folder && fits(one.name)) found.push_back({folders[at], std::move(one.name), one.size});
        }
    }
    return found;
}

event_compression compression_of(std::string_view unfinished) noexcept {
    return unfinished.ends_with(".gz.part") ? event_compression::gzip : event_compression::none;
}

struct scanned {
    std::uint64_t whole = 0;
    std::uint64_t size = 0;
};

result<scanned> scan(file_system& files, int file, event_compression how, std::uint64_t size) {
    batch_scanner scanner(how);
    std::string bytes(read_size, '\0');
    scanned all;
    for (bool intact = true; intact;) {
        const auto got = files.read(file, bytes.data(), bytes.size(), all.size);
        if (!got) return got.error();
        if (*got == 0) break;
        all.size += *got;
        intact = scanner.feed(std::string_view(bytes).substr(0, *got));
    }
    all.whole = scanner.whole();
    all.size = std::max(all.size, size);
    return all;
}

// Cuts off a torn batch. Returns the sizes before and after.
result<scanned> cut(file_system& files, int file, const found_file& one) {
    if (!available(compression_of(one.name)))
        return error(errc::unimplemented, "weir was built without zlib, so it can't recover " + one.path());
    const auto content = scan(files, file, compression_of(one.name), one.size);
    if (!content || content->whole == content->size || content->whole == 0) return content;
    if (auto done = files.truncate(file, content->whole); !done) return done.error();
    return content;
}

// Syncs the file, gives it its final name, and returns that.
result<std::string> complete(file_system& files, int file, const found_file& one, bool sync) {
    if (sync) {
        if (auto synced = files.sync(file); !synced) return synced.error();
    }
    const auto in = files.open_folder(one.folder);
    if (!in) return in.error();
    const open_descriptor folder(files, *in);
    const auto name = complete_name(files, *in, one.name);
    if (!name) return name.error();
    if (sync) {
        if (auto synced = files.sync(*in); !synced) return synced.error();
    }
    return one.folder + '/' + *name;
}

result<handled_file> recover_file(file_system& files, const found_file& one, bool sync) {
    const auto file = files.open_locked(one.path());
    if (!file) return file.error();
    const open_descriptor descriptor(files, *file);
    const auto content = cut(files, *file, one);
    if (!content) return content.error();
    handled_file done{kind::recovered, one.path(), content->whole, content->size - content->whole, {}};
    if (content->whole == 0) {
        done.kind = kind::discarded;
        if (auto removed = files.remove(one.path()); !removed) return removed.error();
        return done;
    }
    auto completed = complete(files, *file, one, sync);
    if (!completed) return completed.error();
    done.path = std::move(*completed);
    return done;
}

// Whether the file belongs to a running process, or another one has just recovered it.
bool is_others(const error& why) noexcept { return why == errc::conflict || why == errc::not_found; }

handled_file failed(std::string path, error why) { return {kind::failed, std::move(path), 0, 0, std::move(why)}; }

} // namespace

std::vector<handled_file> recover(file_system& files, const event_writer_options& options, const file_names& names) {
    std::vector<handled_file> all;
    const auto found =
        find_files(files, options.folder, [&](const std::string& name) { return names.is_unfinished(name); });
    if (!found) {
        all.push_back(failed(options.folder, found.error()));
        return all;
    }
    for (const found_file& one : *found) {
        auto done = recover_file(files, one, options.sync != sync_policy::never);
        if (done)
            all.push_back(std::move(*done));
        else if (!is_others(done.error()))
            all.push_back(failed(one.path(), done.error()));
    }
    return all;
}

result<std::vector<handled_file>> make_room(file_system& files, const event_writer_options& options,
                                            const file_names& names, std::uint64_t incoming) {
    std::vector<handled_file> deleted;
    if (options.max_total_bytes == 0) return deleted;
    auto found = find_files(files, options.folder, [&](const std::string& name) { return names.is_completed(name); });
    if (!found) return found.error();
    std::uint64_t total = incoming;
    for (const found_file& one : *found) total += one.size;
    if (total <= options.max_total_bytes) return deleted;
    if (options.at_max_total_bytes == disk_cap_policy::stop)
        return error(
            errc::resource_exhausted,
            "the events in " + options.folder + " have reached max_total_bytes: remove files or raise the limit");
    std::ranges::sort(*found, {}, &found_file::name); // the name begins with the time
    for (const found_file& one : *found) {
        if (total <= options.max_total_bytes) break;
        if (auto removed = files.remove(one.path()); !removed) return removed.error();
        if (one.folder != options.folder) static_cast<void>(files.remove(one.folder)); // fails unless it is empty
        total -= one.size;
        deleted.push_back({kind::deleted, one.path(), one.size, 0, {}});
    }
    return deleted;
}

} // namespace weir::feed::detail
