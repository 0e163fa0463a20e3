// SPDX-License-Identifier: MIT
#pragma once

#include "feed/file_system.hpp"
#include <weir/feed/event_writer.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::feed::detail {

/// Validates the options; throws std::invalid_argument naming the first bad one. Fills in the producer.
event_writer_options checked(event_writer_options given);

/// Names of files and folders of one writer.
class file_names {
public:
    explicit file_names(const event_writer_options& options);

    /// The folder of a file that begins now.
    std::string folder_at(wall_time now) const;
    /// `orders-20261130T101500Z-host-17-000001.jsonl.gz`
    std::string next(wall_time now);
    /// Whether it is the name of a file with this prefix: completed, or unfinished.
    bool is_completed(std::string_view name) const noexcept;
    bool is_unfinished(std::string_view name) const noexcept;

    static constexpr std::string_view unfinished = ".part";

private:
    bool is_named(std::string_view name, std::string_view suffix) const noexcept;

    const std::string folder_;
    const std::string prefix_;
    const std::string producer_;
    const std::string suffix_; // .jsonl or .jsonl.gz
    const bool partitioned_;
    std::uint64_t last_ = 0;
};

/// Whether a folder is a partition, such as `dt=2026-11-30`.
bool is_partition(std::string_view name) noexcept;

/// Renames an unfinished file to its final name, or to a numbered variant if that is taken. Returns the name.
result<std::string> complete_name(file_system& files, int folder, const std::string& unfinished);

/// A file in progress: whole batches, then nothing. After a failure to write, what was written of the batch is cut off
/// again. Used by one thread.
class event_file {
public:
    /// Creates the file, and its folder.
    static result<event_file> create(file_system& files, file_names& names, wall_time now, bool sync);

    /// Appends a batch, whole or not at all. With `sync` it is durable afterwards. errc::not_found if it was
    /// removed, and then it is lost.
    result<void> append(std::string_view batch, bool sync);
    result<void> sync();
    /// Gives the file its final name; afterwards it may only be destroyed. With `sync` both are durable. May be called
    /// again after a failure.
    result<void> complete(bool sync);

    std::uint64_t size() const noexcept { return size_; }
    const std::string& folder() const noexcept { return folder_; }
    std::string path() const { return folder_ + '/' + name_; }
    /// Whether it must be left to the recovery: a torn batch couldn't be cut off.
    bool torn() const noexcept { return torn_; }

private:
    event_file(file_system& files, std::string folder, std::string name, open_descriptor in, open_descriptor file);

    result<void> write_all(std::string_view batch);
    result<void> still_linked();

    file_system* files_;
    std::string folder_;
    std::string name_; // the present one
    open_descriptor in_;
    open_descriptor file_;
    std::uint64_t size_ = 0;
    bool torn_ = false;
    bool renamed_ = false;
};

/// A file that `recover` or `make_room` has dealt with.
struct handled_file {
    event_writer_event::what kind = event_writer_event::what::recovered;
    std::string path{};
    std::uint64_t bytes = 0;
    std::uint64_t discarded = 0;
    error failure{};
};

/// Completes the unfinished files of killed processes, cut to their whole batches; deletes those without any. Files of
/// running processes are locked and left alone. A file that fails is reported and left as it is.
std::vector<handled_file> recover(file_system& files, const event_writer_options& options, const file_names& names);

/// Deletes the oldest completed files until `incoming` more bytes fit, or fails with errc::resource_exhausted if the
/// options forbid it.
result<std::vector<handled_file>> make_room(file_system& files, const event_writer_options& options,
                                            const file_names& names, std::uint64_t incoming);

} // namespace weir::feed::detail
