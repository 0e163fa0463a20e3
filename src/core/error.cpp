// SPDX-License-Identifier: MIT
#include <weir/core/error.hpp>

#include <array>
#include <memory>
#include <new>
#include <ostream>

namespace weir {

namespace {

constexpr std::size_t kinds = static_cast<std::size_t>(errc::deadline_exceeded) + 1;

constexpr std::array<std::string_view, kinds> kind_names{
    "ok",
    "cancelled",
    "unknown",
    "invalid_argument",
    "validation_failed",
    "unauthenticated",
    "permission_denied",
    "not_found",
    "already_exists",
    "conflict",
    "too_large",
    "resource_exhausted",
    "unimplemented",
    "internal",
    "unavailable",
    "deadline_exceeded"};

constexpr std::array<std::string_view, kinds> kind_messages{
    "ok",
    "the operation was cancelled",
    "unknown error",
    "the request is malformed",
    "the input is invalid",
    "authentication required",
    "permission denied",
    "not found",
    "already exists",
    "conflicts with the current state",
    "too large",
    "too many requests",
    "not implemented",
    "internal error",
    "unavailable, try again later",
    "deadline exceeded"};

} // namespace

std::string_view name(errc kind) noexcept { return kind_names[static_cast<std::size_t>(kind)]; }

// The body of an error made from a kind alone is immortal: neither counted nor freed.
struct error::body {
    mutable std::atomic<std::uint32_t> uses{1};
    bool immortal = false;
    errc kind = errc::ok;
    int status = 0;
    std::uint32_t retry_after = 0;
    std::string code{};
    std::string message{};
    std::vector<error_detail> details{};
    error cause{};

    body() = default;
    body(errc of, std::string text) : kind(of), message(std::move(text)) {}
    body(const body& other)
        : kind(other.kind), status(other.status), retry_after(other.retry_after), code(other.code),
          message(other.message), details(other.details), cause(other.cause) {}
};

const error::body& error::of(errc kind) noexcept { return immortal(static_cast<std::size_t>(kind)); }

// One per kind, followed by the body of out_of_memory().
const error::body& error::immortal(std::size_t index) noexcept {
    // Created once and never destroyed, so that errors stay valid in static destructors.
    static const body* const bodies = [] {
        auto* made = new std::array<body, kinds + 1>;
        for (std::size_t i = 0; i < kinds; ++i) {
            (*made)[i].immortal = true;
            (*made)[i].kind = static_cast<errc>(i);
            (*made)[i].message = kind_messages[i];
        }
        made->back().immortal = true;
        made->back().kind = errc::unavailable;
        made->back().code = outcome_unknown_code;
        made->back().message = kind_messages[static_cast<std::size_t>(errc::unavailable)];
        return made->data();
    }();
    return bodies[index];
}

error error::out_of_memory() noexcept {
    error made;
    made.body_ = &immortal(kinds);
    return made;
}

error::error(errc kind) noexcept : body_(kind == errc::ok ? nullptr : &of(kind)) {}

error::error(errc kind, std::string message) : body_(new body(kind, std::move(message))) {}

error::error(const error& other) noexcept : body_(other.body_) {
    if (body_ && !body_->immortal) body_->uses.fetch_add(1, std::memory_order_relaxed);
}

error::~error() {
    if (!body_ || body_->immortal) return;
    if (body_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) delete body_;
}

errc error::kind() const noexcept { return body_ ? body_->kind : errc::ok; }

std::string_view error::code() const noexcept {
    return body_ && !body_->code.empty() ? std::string_view(body_->code) : name(kind());
}

std::string_view error::message() const noexcept { return body_ ? std::string_view(body_->message) : "ok"; }

std::span<const error_detail> error::details() const noexcept {
    return body_ ? std::span<const error_detail>(body_->details) : std::span<const error_detail>{};
}

int error::status() const noexcept { return body_ ? body_->status : 0; }

error error::cause() const noexcept { return body_ ? body_->cause : error{}; }

std::uint32_t error::retry_after() const noexcept { return body_ ? body_->retry_after : 0; }

error::body& error::own() {
    const bool unshared = body_ && !body_->immortal && body_->uses.load(std::memory_order_acquire) == 1;
    if (!unshared)
        *this = [this] {
            error copy;
            copy.body_ = body_ ? new body(*body_) : new body(errc::unknown, {});
            return copy;
        }();
    return const_cast<body&>(*body_);
}

error error::with_code(std::string code) && {
    own().code = std::move(code);
    return std::move(*this);
}

error error::with_status(int status) && {
    own().status = status;
    return std::move(*this);
}

error error::with_detail(error_detail detail) && {
    own().details.push_back(std::move(detail));
    return std::move(*this);
}

error error::with_details(std::vector<error_detail> details) && {
    own().details = std::move(details);
    return std::move(*this);
}

error error::with_retry_after(std::uint32_t seconds) && {
    own().retry_after = seconds;
    return std::move(*this);
}

error error::caused_by(error cause) && {
    own().cause = std::move(cause);
    return std::move(*this);
}

std::string error::describe() const {
    std::string line(code());
    line += ": ";
    line += message();
    for (const auto& detail : details()) line += " [" + detail.field + ": " + detail.message + "]";
    if (const error reason = cause()) line += ": " + reason.describe();
    return line;
}

std::ostream& operator<<(std::ostream& out, const error& failure) { return out << failure.describe(); }

std::ostream& operator<<(std::ostream& out, errc kind) { return out << name(kind); }

error_exception::error_exception(error failure) : failure_(std::move(failure)), text_(failure_.describe()) {}

void throw_exception_from_error(const error& failure, const boost::source_location&) { throw error_exception(failure); }

error error::unexpected(const char* what) noexcept {
    try {
        return error(errc::internal).caused_by(error(errc::internal, what));
    } catch (const std::bad_alloc&) {
        return out_of_memory();
    }
}

error current_error() noexcept {
    try {
        throw;
    } catch (const error_exception& known) {
        return known.failure();
    } catch (const std::bad_alloc&) {
        return error::out_of_memory();
    } catch (const std::exception& other) {
        return error::unexpected(other.what());
    } catch (...) {
        return error::unexpected("an exception that isn't a std::exception");
    }
}

} // namespace weir
