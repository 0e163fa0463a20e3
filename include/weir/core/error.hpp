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

/// The kinds of failure, after gRPC's canonical codes (https://grpc.io/docs/guides/status-codes/).
/// A kind says how a caller should react; `error::code()` says what happened in the domain's words.
enum class errc : std::uint8_t {
    ok,                 ///< no error
    cancelled,          ///< the caller gave up: cancellation, shutdown, peer gone
    unknown,            ///< an error of another library without a better kind
    invalid_argument,   ///< malformed or ill-typed input (400)
    validation_failed,  ///< well-formed input that breaks a rule (422)
    unauthenticated,    ///< who is asking isn't known (401)
    permission_denied,  ///< known, and not allowed (403)
    not_found,          ///< no such thing (404)
    already_exists,     ///< a unique value is taken (409)
    conflict,           ///< the state doesn't permit it, or it changed meanwhile (409)
    too_large,          ///< over a size limit (413)
    resource_exhausted, ///< over a rate or quota (429)
    unimplemented,      ///< not offered here (501)
    internal,           ///< a bug or a broken invariant (500)
    unavailable,        ///< a dependency or a resource is out for now; trying again may help (503)
    deadline_exceeded,  ///< out of time (504)
};

/// The kind's name as it appears in JSON and logs: `not_found`. A static string.
std::string_view name(errc kind) noexcept;

/// The code of an error after which it isn't known whether the call took effect: the connection was lost, or time was
/// over, when the request had been sent. A caller that tries again has to know that the call is idempotent.
inline constexpr std::string_view outcome_unknown_code = "outcome_unknown";

/// One broken rule or one misplaced value: where it is, which rule, and what to do.
struct error_detail {
    std::string field{};
    std::string rule{};
    std::string message{};

    bool operator==(const error_detail&) const = default;
};

/// A failure as a value: one pointer (null = no error), shared and immutable; copying costs a counter.
/// An error of a kind alone allocates nothing, so refusals on a hot path are cheap.
/// The `with_...` functions return a changed copy (in place when unshared). Thread-safe like shared_ptr.
class [[nodiscard]] error {
public:
    error() noexcept = default;
    error(errc kind) noexcept; // implicit: `return errc::not_found;`
    error(errc kind, std::string message);

    error(const error& other) noexcept;
    error(error&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
    error& operator=(error other) noexcept { return std::swap(body_, other.body_), *this; }
    ~error();

    explicit operator bool() const noexcept { return body_ != nullptr; }

    errc kind() const noexcept;
    /// What clients branch on; the kind's name unless the domain gave its own (`out_of_stock`).
    std::string_view code() const noexcept;
    /// For people; may be shown to the client.
    std::string_view message() const noexcept;
    std::span<const error_detail> details() const noexcept;
    /// The HTTP status this error insists on, 0 when the kind decides.
    int status() const noexcept;
    /// What led to this error, for logs only; no error when nothing did.
    error cause() const noexcept;
    /// Seconds after which trying again makes sense, 0 when unknown (sent as Retry-After).
    std::uint32_t retry_after() const noexcept;

    error with_code(std::string code) &&;
    error with_status(int status) &&;
    error with_detail(error_detail detail) &&;
    error with_details(std::vector<error_detail> details) &&;
    error with_retry_after(std::uint32_t seconds) &&;
    error caused_by(error cause) &&;

    /// Everything on one line for logs: `unavailable: database is gone: connection lost`.
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

/// Thrown by `result::value()` on a failure; the server's edge turns it into the response.
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

/// Returns the exception in flight as an error; call it inside a catch block. An error_exception yields its error.
/// Any other std::exception is errc::internal, whose cause says `what()`: it is for the log, and no client reads it.
/// std::bad_alloc is errc::unavailable with the code `outcome_unknown`, and so is an exception whose message there is
/// no memory to copy; neither allocates.
error current_error() noexcept;

} // namespace weir
