// SPDX-License-Identifier: MIT
#pragma once

#include <boost/assert/source_location.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// The kinds of failure, modelled on gRPC's status codes (https://grpc.io/docs/guides/status-codes/). The kind says how
/// a caller should react; `error::code()` says what happened in terms of the application.
enum class errc : std::uint8_t {
    ok,                 ///< no error
    cancelled,          ///< cancelled by the caller, a shutdown or a lost peer
    unknown,            ///< an error of another library that maps to no other kind
    invalid_argument,   ///< malformed or wrongly typed input (400)
    validation_failed,  ///< well-formed input that breaks a rule (422)
    unauthenticated,    ///< no valid credentials (401)
    permission_denied,  ///< authenticated but not allowed (403)
    not_found,          ///< no such resource (404)
    already_exists,     ///< a unique value is taken (409)
    conflict,           ///< not possible in the current state, or changed concurrently (409)
    too_large,          ///< over a size limit (413)
    resource_exhausted, ///< over a rate or quota (429)
    unimplemented,      ///< not supported (501)
    internal,           ///< a bug or a broken invariant (500)
    unavailable,        ///< a dependency or a resource is temporarily out; a retry may help (503)
    deadline_exceeded,  ///< the deadline has passed (504)
};

/// The kind's name in JSON and logs, such as `not_found`. A static string.
std::string_view name(errc kind) noexcept;

/// The code of an error that leaves unknown whether the call took effect: the connection was lost or the deadline
/// passed after the request had been sent. Retry only if the call is idempotent.
inline constexpr std::string_view outcome_unknown_code = "outcome_unknown";

/// One broken rule or misplaced value: the field, the rule, and how to fix it.
struct error_detail {
    std::string field{};
    std::string rule{};
    std::string message{};

    bool operator==(const error_detail&) const = default;
};

/// A failure as a value: one pointer (null means no error) to a shared, immutable body; copying increments a counter.
/// An error made from a kind alone doesn't allocate, so refusals on a hot path are cheap. The `with_...` functions
/// return a modified copy, in place if unshared. Thread-safe like shared_ptr.
class [[nodiscard]] error {
public:
    error() noexcept = default;
    error(errc kind) noexcept; // implicit: `return errc::not_found;`
    error(errc kind, std::string message);

    error(const error& other) noexcept;
    error(error&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
    error& operator=(error other) noexcept {
        std::swap(body_, other.body_);
        return *this;
    }
    ~error();

    explicit operator bool() const noexcept { return body_ != nullptr; }

    errc kind() const noexcept;
    /// The code that clients branch on: the kind's name unless set with `with_code` (`out_of_stock`).
    std::string_view code() const noexcept;
    /// A human-readable message; may be shown to the client.
    std::string_view message() const noexcept;
    std::span<const error_detail> details() const noexcept;
    /// The HTTP status set with `with_status`; 0 if the kind decides.
    int status() const noexcept;
    /// The underlying error, for logs only; no error if there is none.
    error cause() const noexcept;
    /// Seconds after which a retry makes sense, sent as Retry-After; 0 if unknown.
    std::uint32_t retry_after() const noexcept;

    error with_code(std::string code) &&;
    error with_status(int status) &&;
    error with_detail(error_detail detail) &&;
    error with_details(std::vector<error_detail> details) &&;
    error with_retry_after(std::uint32_t seconds) &&;
    error caused_by(error cause) &&;

    /// All parts on one line for logs: `unavailable: database is gone: connection lost`.
    std::string describe() const;

    friend bool operator==(const error& failure, errc kind) noexcept { return failure.kind() == kind; }

private:
    struct body;
    friend error current_error() noexcept;

    body& own();
    static const body& of(errc kind) noexcept;
    static const body& immortal(std::size_t index) noexcept;
    static error out_of_memory() noexcept;
    static error unexpected(const char* what) noexcept;

    const body* body_ = nullptr;
};

std::ostream& operator<<(std::ostream& out, const error& failure);
std::ostream& operator<<(std::ostream& out, errc kind);

/// Thrown by `result::value()` on a failure; the server turns it into the response.
class error_exception : public std::exception {
public:
    explicit error_exception(error failure);

    const error& failure() const noexcept { return failure_; }
    const char* what() const noexcept override { return text_.c_str(); }

private:
    error failure_;
    std::string text_;
};

/// Called by boost::system::result::value().
[[noreturn]] void throw_exception_from_error(const error& failure, const boost::source_location& where);

/// Returns the exception in flight as an error; call it inside a catch block. An error_exception yields its error. Any
/// other std::exception becomes errc::internal with `what()` as its cause, which is logged and never sent to a client.
/// std::bad_alloc becomes errc::unavailable with the code `outcome_unknown`, and so does an exception whose message
/// can't be copied for lack of memory; neither allocates.
error current_error() noexcept;

} // namespace weir
