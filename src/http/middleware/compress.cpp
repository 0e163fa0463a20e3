// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/message/each_field.hpp"
#include "http/message/response_tail.hpp"
#include "http/message/vary.hpp"
#include "http/server/request_task.hpp"
#include "http/wire/content_encoder.hpp"
#include <weir/http/middleware/compress.hpp>

#include <algorithm>
#include <stdexcept>

namespace weir::http {

namespace {

using detail::content_coding;

bool ends_with_no_case(std::string_view text, std::string_view suffix) noexcept {
    return text.size() > suffix.size() && detail::equal_no_case(text.substr(text.size() - suffix.size()), suffix);
}

bool has_body_of_its_own(int status) noexcept {
    return status >= 200 && status != 204 && status != 205 && status != 206 && status != 304;
}

bool forbids_change(const response& res) noexcept {
    for (detail::comma_list list(res.headers.find("cache-control")); list.next();)
        if (detail::equal_no_case(list.element(), "no-transform")) return true;
    return res.headers.contains("content-encoding") || res.headers.contains("content-digest");
}

// The tag was made of the plain bytes, not the encoded ones (RFC 9110 section 8.8.1).
void weaken_tag(header_list& headers) {
    const std::string tag(headers.find("etag"));
    if (tag.starts_with('"')) headers.set("etag", "W/" + tag);
}

// Whether the client has an encoded response of that state: it sent the weak form of the tag.
bool knows_weak_form(const request& req, std::string_view tag) {
    bool known = false;
    detail::each_field(req, "if-none-match", [&](std::string_view list) {
        for (detail::comma_list tags(list); tags.next();)
            known = known || (tags.element().starts_with("W/") && tags.element().substr(2) == tag);
    });
    return known;
}

// A 304 repeats the fields of the response it stands for.
void update_not_modified(const request& req, response& res) {
    detail::add_vary(res.headers, "Accept-Encoding");
    if (knows_weak_form(req, res.headers.find("etag"))) weaken_tag(res.headers);
}

class compressor {
public:
    explicit compressor(compress_options options) : options_(std::move(options)) {
        const bool right = options_.gzip_level >= 1 && options_.gzip_level <= 9 && options_.brotli_quality >= 0 &&
                           options_.brotli_quality <= 11 && options_.min_size <= options_.max_size;
        if (!right)
            throw std::invalid_argument(
                "weir: compress: gzip_level must be 1 to 9, brotli_quality 0 to 11, and min_size "
                "at most max_size");
    }

    void operator()(request& req, response& res) const {
        if (res.status == 304) return update_not_modified(req, res);
        // A GET's body may be encoded, so the plain body's length would be wrong.
        if (req.method() == method::head && res.body.empty() && may_change(res)) res.headers.erase("content-length");
        if (!could_encode(res)) return;
        detail::accepted_codings accepted;
        detail::each_field(req, "accept-encoding", [&](std::string_view field) { accepted.add(field); });
        const auto coding = accepted.best();
        detail::add_vary(res.headers, "Accept-Encoding");
        if (coding == content_coding::identity) return;
        const bool must = accepted.refuses_identity();
        if (const auto* const body = streamed(res))
            encode_stream(res, *body, coding, must);
        else if (must || res.body.size() >= options_.min_size)
            encode(res, coding, must);
    }

private:
    // Whether the outcome depends only on Accept-Encoding. Small bodies count too, as a client might refuse identity.
    bool could_encode(const response& res) const {
        const bool here = !res.tail && !res.body.empty() && res.body.size() <= options_.max_size;
        return (here || streamed(res)) && may_change(res);
    }

    bool may_change(const response& res) const {
        return has_body_of_its_own(res.status) && suits(res.headers.find("content-type")) && !forbids_change(res);
    }

    static const detail::streamed_body* streamed(const response& res) noexcept {
        return res.tail ? std::get_if<detail::streamed_body>(&res.tail->kind) : nullptr;
    }

    bool suits(std::string_view content_type) const {
        if (is_compressible(content_type)) return true;
        const auto type = detail::media_type(content_type);
        return std::any_of(options_.types.begin(), options_.types.end(), [&](const auto& one) {
            return detail::equal_no_case(one, type);
        });
    }

    void encode(response& res, content_coding coding, bool must) const {
        detail::content_encoder encoder(coding, {options_.gzip_level, options_.brotli_quality, res.body.size()});
        std::string encoded;
        encoded.reserve(res.body.size() / 2);
        encoder.write(res.body, encoded);
        encoder.finish(encoded);
        if (!must && encoded.size() >= res.body.size()) return;
        res.body = std::move(encoded);
        res.headers.set("content-encoding", detail::name(coding));
        weaken_tag(res.headers);
    }

    // The source writes as before, and its output is encoded. The encoder is created when the source starts.
    void encode_stream(response& res, const detail::streamed_body& body, content_coding coding, bool must) const {
        if (!must && body.size && *body.size < options_.min_size) return;
        const detail::encoder_options how{options_.gzip_level, options_.brotli_quality, body.size.value_or(0)};
        auto source = [plain = body.source, size = body.size, coding, how](body_writer& out) {
            out.running().stream().encode(detail::content_encoder(coding, how), size);
            return plain(out);
        };
        detail::streamed_body encoded{std::move(source), {}, body.endless};
        res.tail = std::make_shared<detail::response_tail>(detail::response_tail{std::move(encoded)});
        res.headers.set("content-encoding", detail::name(coding));
        weaken_tag(res.headers);
    }

    compress_options options_;
};

} // namespace

bool is_compressible(std::string_view content_type) noexcept {
    const auto type = detail::media_type(content_type);
    if (detail::starts_with_no_case(type, "text/")) return !detail::equal_no_case(type, "text/event-stream");
    if (ends_with_no_case(type, "+json") || ends_with_no_case(type, "+xml")) return true;
    constexpr std::string_view known[] = {
        "application/json", "application/javascript",
        "application/xml",  "application/x-ndjson",
        "application/wasm", "application/yaml",
        "application/sql",  "application/rtf",
        "font/ttf",         "font/otf",
        "image/bmp",        "image/vnd.microsoft.icon"};
    return std::any_of(std::begin(known), std::end(known), [&](auto one) { return detail::equal_no_case(type, one); });
}

middleware compress(compress_options options) {
    middleware layer;
    layer.after = compressor(std::move(options));
    return layer;
}

} // namespace weir::http
