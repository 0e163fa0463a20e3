// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace weir::redis {

/// The kinds of a reply in RESP2 (https://redis.io/docs/reference/protocol-spec/).
enum class reply_kind : std::uint8_t {
    nil,     ///< no value: a missing key, a wait that ended without an element
    string,  ///< bytes
    status,  ///< a short text such as `OK`
    error,   ///< the text begins with a code in capitals, such as `WRONGTYPE`
    integer, ///< 64 bits
    array,   ///< replies in order; fields and values alternate where the command returns pairs
};

namespace detail {

struct reply_node {
    reply_kind kind = reply_kind::nil;
    std::int64_t integer = 0; // the value, or the number of elements
    std::size_t at = 0;       // the bytes
    std::size_t size = 0;
    std::size_t next = 0; // the index after the node and all of its elements
};

// A reply's nodes in the order in which they were sent, and the bytes of all of its strings.
struct reply_tree {
    std::vector<reply_node> nodes{};
    std::string bytes{};

    void clear() noexcept {
        nodes.clear();
        bytes.clear();
    }
};

} // namespace detail

/// A reply, or an element of one, in memory that it doesn't own: valid only during the call that passes it.
class reply_view {
public:
    class iterator;

    reply_view(const detail::reply_tree& in, std::size_t at) noexcept : in_(&in), at_(at) {}

    reply_kind kind() const noexcept { return node().kind; }
    bool is_nil() const noexcept { return kind() == reply_kind::nil; }
    /// The bytes of a string, a status or an error; empty for other kinds.
    std::string_view text() const noexcept { return std::string_view(in_->bytes).substr(node().at, node().size); }
    /// An integer's value; 0 for other kinds.
    std::int64_t integer() const noexcept { return kind() == reply_kind::integer ? node().integer : 0; }
    /// The number of elements; 0 if it isn't an array.
    std::size_t size() const noexcept {
        return kind() == reply_kind::array ? static_cast<std::size_t>(node().integer) : 0;
    }

    /// The elements of an array.
    iterator begin() const noexcept;
    iterator end() const noexcept;

private:
    friend class reply;

    const detail::reply_node& node() const noexcept { return in_->nodes[at_]; }

    const detail::reply_tree* in_;
    std::size_t at_;
};

class reply_view::iterator {
public:
    using value_type = reply_view;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using reference = reply_view;
    using pointer = void;

    iterator(const detail::reply_tree& in, std::size_t at) noexcept : in_(&in), at_(at) {}

    reply_view operator*() const noexcept { return {*in_, at_}; }
    iterator& operator++() noexcept {
        at_ = in_->nodes[at_].next;
        return *this;
    }
    iterator operator++(int) noexcept {
        const iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

private:
    const detail::reply_tree* in_;
    std::size_t at_;
};

inline reply_view::iterator reply_view::begin() const noexcept { return {*in_, at_ + 1}; }
inline reply_view::iterator reply_view::end() const noexcept { return {*in_, node().next}; }

/// A whole reply that owns its memory, for commands whose shape isn't known beforehand. Unlike other types it also
/// holds errors that are elements of an array.
class reply {
public:
    /// nil
    reply();
    /// Copies the reply with all of its elements.
    explicit reply(reply_view from);

    reply_view view() const noexcept { return {tree_, 0}; }
    reply_kind kind() const noexcept { return view().kind(); }
    bool is_nil() const noexcept { return view().is_nil(); }
    std::string_view text() const noexcept { return view().text(); }
    std::int64_t integer() const noexcept { return view().integer(); }
    std::size_t size() const noexcept { return view().size(); }
    reply_view::iterator begin() const noexcept { return view().begin(); }
    reply_view::iterator end() const noexcept { return view().end(); }

    /// The reply as text for logs and tests: `["a", 1, nil]`.
    std::string describe() const;

private:
    detail::reply_tree tree_;
};

} // namespace weir::redis
