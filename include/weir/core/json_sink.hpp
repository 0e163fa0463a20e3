// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::detail {

/// Appends JSON to a string through a raw pointer: it reserves room for several pieces at once, while std::string would
/// check its capacity and terminate itself for each. The string has its final size only after the sink is destroyed.
class json_sink {
public:
    /// Enough room for any number.
    static constexpr std::size_t number_size = 32;

    explicit json_sink(std::string& out) noexcept : out_(out), at_(out.data() + out.size()), end_(at_) {}
    json_sink(const json_sink&) = delete;
    json_sink& operator=(const json_sink&) = delete;
    ~json_sink() { settle(); }

    /// Reserves room for this many bytes, to be written before the next call.
    void need(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
    }
    void put(char c) noexcept { *at_++ = c; }
    /// Copies the whole block, whose size is known at compile time, and keeps its first `kept` bytes.
    template<class Block>
    void put(const Block& block, std::size_t kept) noexcept {
        std::memcpy(at_, block.data(), sizeof block);
        at_ += kept;
    }
    template<std::integral Number>
    void put_number(Number number) noexcept {
        if constexpr (std::same_as<Number, bool>)
            put_bool(number);
        else if constexpr (std::signed_integral<Number>)
            put_signed(number);
        else
            put_unsigned(number);
    }
    void put_number(double number) noexcept;
    void put_number(float number) noexcept;
    /// Writes the bracket, over a trailing comma if there is one.
    void close(char bracket) noexcept { at_[-1] == ',' ? at_[-1] = bracket : * at_++ = bracket; }

    // The functions below reserve room themselves.
    void text(std::string_view text);
    /// Writes `,"name":` for a name that needs no escaping.
    void key(std::string_view name);
    void raw(std::string_view json);
    /// Calls `append` with the string in its current state.
    template<class F>
    void append(F&& append) {
        settle();
        append(out_);
        at_ = end_ = out_.data() + out_.size();
    }

private:
    void put_bool(bool truth) noexcept;
    void put_signed(std::int64_t number) noexcept;
    void put_unsigned(std::uint64_t number) noexcept;
    void settle() noexcept { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }
    void grow(std::size_t bytes);
    void put_special(std::string_view& text) noexcept;

    std::string& out_;
    char* at_;
    char* end_;
};

/// Turns the quote at `from` and the text after it into a JSON string.
void close_text(std::string& out, std::size_t from);

} // namespace weir::detail
