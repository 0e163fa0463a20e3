// SPDX-License-Identifier: MIT
#include "http/message/framework_errors.hpp"
#include "http/multipart/head.hpp"
#include <weir/http/multipart_parser.hpp>

#include <algorithm>

namespace weir::http {

namespace {

constexpr std::string_view line_end = "\r\n";

error malformed(const char* why) { return detail::framework_error(400, why); }

// Returns how many bytes at the text's end might be the start of the delimiter.
std::size_t held_back(std::string_view text, std::string_view delimiter) noexcept {
    const std::size_t from = text.size() - std::min(text.size(), delimiter.size() - 1);
    for (auto at = text.find('\r', from); at != std::string_view::npos; at = text.find('\r', at + 1))
        if (delimiter.starts_with(text.substr(at))) return text.size() - at;
    return 0;
}

} // namespace

multipart_parser::multipart_parser(std::string_view boundary, multipart_limits limits) : limits_(limits) {
    delimiter_.append(line_end).append("--").append(boundary);
}

result<multipart_parser> multipart_parser::for_type(std::string_view content_type, multipart_limits limits) {
    const auto boundary = detail::boundary_of(content_type);
    if (!boundary) return boundary.error();
    return multipart_parser(*boundary, limits);
}

void multipart_parser::feed(std::string_view bytes) {
    if (carry_.empty())
        fed_ = bytes;
    else
        carry_.append(bytes);
}

result<multipart_event> multipart_parser::next() {
    data_ = {};
    switch (state_) {
    case state::preamble:
        return read_preamble();
    case state::delimited:
        return read_delimited();
    case state::head:
        return read_head();
    case state::data:
        return read_data();
    case state::epilogue:
        return read_epilogue();
    case state::failed:
        break;
    }
    return failed_;
}

std::string_view multipart_parser::rest() const noexcept {
    return (carry_.empty() ? fed_ : std::string_view(carry_)).substr(at_);
}

// Copies the unused input, since the fed bytes may be freed.
multipart_event multipart_parser::want_more() {
    if (carry_.empty())
        carry_.assign(fed_.substr(at_));
    else
        carry_.erase(0, at_);
    fed_ = {};
    at_ = 0;
    return multipart_event::more;
}

error multipart_parser::refuse(error why) {
    state_ = state::failed;
    return failed_ = std::move(why);
}

// The first boundary is the body's first line, or follows text that is skipped. Enough bytes are kept to hold the start
// of a delimiter, so that the line break before a boundary is still available when the boundary arrives.
result<multipart_event> multipart_parser::read_preamble() {
    const auto text = rest();
    const auto boundary = std::string_view(delimiter_).substr(line_end.size());
    const auto place = text.find(boundary);
    if (place == std::string_view::npos) {
        advance(text.size() - std::min(text.size(), delimiter_.size() - 1));
        return want_more();
    }
    if (place != 0 && !text.substr(0, place).ends_with(line_end))
        return refuse(malformed("multipart: the first boundary doesn't start a line"));
    advance(place + boundary.size());
    state_ = state::delimited;
    return read_delimited();
}

result<multipart_event> multipart_parser::read_delimited() {
    const auto text = rest();
    if (text.size() < 2) return want_more();
    const auto mark = text.substr(0, 2);
    if (mark != "--" && mark != line_end) return refuse(malformed("multipart: a boundary is followed by other text"));
    advance(2);
    if (mark == "--") {
        state_ = state::epilogue;
        return read_epilogue();
    }
    if (++parts_ > limits_.parts) return refuse(detail::framework_error(413, "multipart: the form has too many parts"));
    state_ = state::head;
    scanned_ = 0;
    return read_head();
}

result<multipart_event> multipart_parser::read_head() {
    const auto text = rest();
    const auto blank = text.find("\r\n\r\n", scanned_);
    const bool found = blank != std::string_view::npos;
    const std::size_t pending = std::min<std::size_t>(text.size(), 3); // may belong to the blank line
    if ((found ? blank : text.size() - pending) > limits_.head)
        return refuse(detail::framework_error(413, "multipart: a part's header is too large"));
    if (!found) {
        scanned_ = text.size() - pending;
        return want_more();
    }
    auto head = detail::parse_part_head(text.substr(0, blank + line_end.size()));
    if (!head) return refuse(head.error());
    head_ = std::move(*head);
    part_size_ = 0;
    advance(blank + 2 * line_end.size());
    state_ = state::data;
    return multipart_event::part;
}

result<multipart_event> multipart_parser::read_data() {
    const auto text = rest();
    const auto place = text.find(delimiter_);
    if (place == 0) {
        advance(delimiter_.size());
        state_ = state::delimited;
        return multipart_event::part_end;
    }
    if (place != std::string_view::npos) return give(text.substr(0, place));
    const auto sure = text.size() - held_back(text, delimiter_);
    return sure == 0 ? want_more() : give(text.substr(0, sure));
}

result<multipart_event> multipart_parser::give(std::string_view bytes) {
    const std::size_t most = head_.is_file ? limits_.file : limits_.field;
    if (bytes.size() > most - part_size_)
        return refuse(detail::framework_error(
            413, head_.is_file ? "multipart: a file is too large" : "multipart: a field is too large"));
    part_size_ += bytes.size();
    data_ = bytes;
    advance(bytes.size());
    return multipart_event::data;
}

// Lines after the last boundary are skipped.
result<multipart_event> multipart_parser::read_epilogue() {
    for (const char c : rest()) {
        if (epilogue_ == line_end.size()) break;
        if (c != line_end[epilogue_])
            return refuse(malformed("multipart: the last boundary is followed by other text"));
        ++epilogue_;
    }
    advance(rest().size());
    want_more();
    return multipart_event::end;
}

} // namespace weir::http
