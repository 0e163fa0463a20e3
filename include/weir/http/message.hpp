// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/context.hpp>
#include <weir/core/result.hpp>
#include <weir/http/field_name.hpp>
#include <weir/http/method.hpp>
#include <weir/http/status.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

class header_list;

namespace detail {
struct head_field;
struct head_outline;
struct header_access;
struct request_access;
struct response_tail;
struct matched_route;
class request_task;
} // namespace detail

struct header_view {
    std::string_view name;
    std::string_view value;
};

/// A request while it is handled. All views point into the request's own bytes and are valid until the handler has
/// ended, across suspensions too. Belongs to one loop; never copied.
class request {
public:
    request() = default;
    request(const request&) = delete;
    request& operator=(const request&) = delete;

    http::method method() const noexcept;
    std::string_view method_name() const noexcept;
    /// The request target as sent, without the scheme and host of an absolute URL: `/todos/7?full=1`.
    std::string_view target() const noexcept;
    /// The target's path, still percent-encoded.
    std::string_view path() const noexcept;
    /// The part after the `?`, still encoded; empty when there is none.
    std::string_view query() const noexcept;

    /// Returns the first field of that name (case-insensitive), without surrounding whitespace; empty when absent. If
    /// the target is an absolute URL, Host is the URL's host, whatever the field says (RFC 9112 section 3.2.2).
    std::string_view header(std::string_view name) const noexcept;
    std::string_view header(field_name known) const { return header(http::name(known)); }
    bool has_header(std::string_view name) const noexcept;
    bool has_header(field_name known) const { return has_header(http::name(known)); }
    std::size_t header_count() const noexcept;
    header_view header_at(std::size_t index) const noexcept;

    /// The whole body, decoded from chunks.
    std::string_view body() const noexcept { return body_; }
    /// The fields after a chunked body; with body_reader, once the body has been read to its end. Fields not allowed
    /// there, such as Content-Type or Authorization, are ignored (RFC 9110 section 6.5.1).
    const header_list& trailers() const noexcept;

    /// The token of `Authorization: Bearer ...` (RFC 6750), empty when there is none.
    std::string_view bearer() const noexcept;

    /// The pattern of the matched route, such as `/todos/{id}`; empty when none matched.
    std::string_view route() const noexcept { return route_; }
    /// Returns a path parameter by its position in the pattern, still encoded.
    std::string_view param(std::size_t index) const noexcept {
        return index < params_size_ ? std::string_view(bytes_ + params_[index].at, params_[index].size) : "";
    }
    /// Returns a path parameter by name, decoded; errc::not_found if the pattern has no such name.
    result<std::string> param(std::string_view name) const;

    /// The peer's address without a port; for an IPv4 peer its IPv4 address, even if the listener is "::".
    std::string_view remote_address() const noexcept { return remote_; }
    /// When the head had arrived, on the loop's clock.
    time_point started() const noexcept { return started_; }

    weir::context& context() const noexcept { return *context_; }
    /// Stores a value, by its type, for the rest of this request.
    template<class T>
    std::decay_t<T>& attach(T&& value) {
        return context_->attach(std::forward<T>(value));
    }
    template<class T>
    T* find() const noexcept {
        return context_->find<T>();
    }

private:
    friend struct detail::request_access;

    // Of a parameter in the bytes.
    struct place {
        std::uint32_t at;
        std::uint32_t size;
    };

    const char* bytes_ = "";
    const detail::head_outline* head_ = nullptr;
    const detail::head_field* fields_ = nullptr; // the head's
    weir::context* context_ = nullptr;
    std::string_view body_;
    std::string_view route_;
    std::string_view remote_;
    std::array<place, 8> params_{};
    std::size_t params_size_ = 0;
    const detail::matched_route* matched_ = nullptr;
    detail::request_task* running_ = nullptr; // of a coroutine handler
    method_set allowed_{};                    // methods of this path, if the request's own isn't among them
    std::uint32_t json_depth_ = 64;           // the server's limit
    bool other_slash_ = false;                // the path exists with its trailing slash added or removed
    time_point started_{};
};

/// The fields of a message in order, stored as the lines that are sent: for the server's responses, the client's
/// requests and responses, and trailers. Names compare case-insensitively and are lower-case by convention. A name or
/// value that would break the framing (CR, LF, NUL) throws error_exception (errc::internal).
class header_list {
public:
    class iterator;

    /// Replaces every field of that name.
    header_list& set(std::string_view name, std::string_view value);
    header_list& set(field_name known, std::string_view value) { return set(http::name(known), value); }
    /// Adds a field and keeps others of that name (Set-Cookie).
    header_list& add(std::string_view name, std::string_view value);
    header_list& add(field_name known, std::string_view value) { return add(http::name(known), value); }
    /// Returns the first field of that name; empty when absent.
    std::string_view find(std::string_view name) const noexcept;
    std::string_view find(field_name known) const { return find(http::name(known)); }
    bool contains(std::string_view name) const noexcept { return place(name) != std::string::npos; }
    bool contains(field_name known) const { return contains(http::name(known)); }
    void erase(std::string_view name);
    void erase(field_name known) { erase(http::name(known)); }
    void clear() noexcept {
        lines_.clear();
        names_ = 0;
    }

    bool empty() const noexcept { return lines_.empty(); }
    /// The number of fields; counts them each time.
    std::size_t size() const noexcept;
    /// Each field as a header_view, valid until the list changes.
    iterator begin() const noexcept;
    iterator end() const noexcept;

    /// `name: value\r\n` for each.
    std::string_view lines() const noexcept { return lines_; }

private:
    friend struct detail::header_access;

    std::size_t place(std::string_view name) const noexcept;

    std::string lines_;
    std::uint64_t names_ = 0; // a bit set of hashed names, so that lookups of most absent names end early
};

class header_list::iterator {
public:
    using value_type = header_view;
    using reference = header_view;
    using pointer = void;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag; // dereferencing returns a temporary
    using iterator_concept = std::forward_iterator_tag;

    iterator() = default;
    explicit iterator(std::string_view rest) noexcept : rest_(rest) {}

    header_view operator*() const noexcept;
    iterator& operator++() noexcept {
        rest_.remove_prefix(rest_.find('\n') + 1);
        return *this;
    }
    iterator operator++(int) noexcept {
        const iterator before = *this;
        ++*this;
        return before;
    }
    bool operator==(const iterator& other) const noexcept { return rest_.size() == other.rest_.size(); }

private:
    std::string_view rest_;
};

inline header_list::iterator header_list::begin() const noexcept { return iterator(lines_); }
inline header_list::iterator header_list::end() const noexcept { return {}; }

/// A response. The server decides its framing: a Transfer-Encoding set here is dropped, and so is a Content-Length,
/// except in an answer to HEAD or a 304, where it gives the size of the body that isn't sent. A Date set here replaces
/// the server's; `Connection: close` closes the connection after the response.
struct response {
    /// 200 to 599; any other value is answered with 500 and logged. Only `websocket_upgrade::accept` sets 101.
    int status = 200;
    std::string body{};
    header_list headers{};
    /// The error that this response reports, for logs; otherwise no error.
    error failure{};
    /// A body outside `body`: streamed, from a file, or another protocol. Set by weir's own functions.
    std::shared_ptr<detail::response_tail> tail{};

    response() = default;
    explicit response(int with_status) : status(with_status) {}
    explicit response(http::status with_status) : status(static_cast<int>(with_status)) {}

    /// Empties it and keeps its memory.
    void clear() noexcept;
};

/// Returns the status for an error: its own, or else that of its kind.
int status_of(const error& failure) noexcept;

} // namespace weir::http

namespace weir {
using http::request;
using http::response;
} // namespace weir
