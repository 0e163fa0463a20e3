// SPDX-License-Identifier: MIT
#pragma once

#include <weir/feed/event_writer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::feed::detail {

/// Whether this build can compress with it.
bool available(event_compression how) noexcept;

/// Encodes batches. Each one is complete in itself: a gzip member, or plain lines. Keeps 260 KB of memory for gzip.
class batch_encoder {
public:
    /// The compression must be available. Throws std::bad_alloc.
    batch_encoder(event_compression how, int level);
    batch_encoder(const batch_encoder&) = delete;
    batch_encoder& operator=(const batch_encoder&) = delete;
    ~batch_encoder();

    /// Appends a part of the batch. Throws std::bad_alloc, after which `reset` must follow.
    void add(std::string_view lines, std::string& out);
    /// Ends the batch.
    void finish(std::string& out);
    /// Forgets the unfinished batch.
    void reset() noexcept;

private:
    struct deflater;
    std::unique_ptr<deflater> deflater_; // null: plain lines
};

/// Finds how many bytes of a file are whole batches. The file is fed piece by piece; memory doesn't depend on it.
class batch_scanner {
public:
    explicit batch_scanner(event_compression how);
    batch_scanner(const batch_scanner&) = delete;
    batch_scanner& operator=(const batch_scanner&) = delete;
    ~batch_scanner();

    /// Returns false once a broken batch has been found; nothing more needs to be fed then.
    bool feed(std::string_view bytes);
    /// The size of the longest prefix that consists of whole batches (plain: whole lines).
    std::uint64_t whole() const noexcept { return whole_; }

private:
    struct inflater;

    bool feed_plain(std::string_view bytes) noexcept;
    bool feed_gzip(std::string_view bytes);

    std::unique_ptr<inflater> inflater_; // null: plain lines
    std::uint64_t fed_ = 0;
    std::uint64_t whole_ = 0;
};

} // namespace weir::feed::detail
