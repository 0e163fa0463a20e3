// SPDX-License-Identifier: MIT
#include "http/field/content_coding.hpp"
#include "http/field/field_syntax.hpp"
#include "http/field/http_date.hpp"
#include "http/files/byte_ranges.hpp"
#include "http/files/file_lookup.hpp"
#include "http/message/each_field.hpp"
#include "http/message/framework_errors.hpp"
#include "http/message/vary.hpp"
#include <weir/http/conditional.hpp>
#include <weir/http/media_types.hpp>
#include <weir/http/static_files.hpp>

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <system_error>

namespace weir::http {

using detail::content_coding;
using detail::found_file;

struct static_files::folder {
    folder(int descriptor, static_files_options given)
        : root(descriptor), options(std::move(given)), rules{options.follow_symlinks, options.hidden_files} {}

    response answer(request& req, std::string path) const;
    found_file find(std::string& path) const;
    found_file encoded(const request& req, const std::string& path, response& res) const;

    open_file root;
    static_files_options options;
    detail::lookup_rules rules;
};

namespace {

std::string_view extension(content_coding coding) noexcept { return coding == content_coding::brotli ? ".br" : ".gz"; }

// A folder's relative links are resolved against its trailing slash.
response with_slash(const request& req) {
    response res(308);
    std::string target(req.path());
    target += '/';
    if (!req.query().empty()) target.append("?").append(req.query());
    res.headers.set("location", target);
    return res;
}

// A missing file may be cached as such; one that can't be opened right now exists nevertheless.
response without_file(const request& req, detail::lookup_end end) {
    if (end == detail::lookup_end::folder) return with_slash(req);
    if (end == detail::lookup_end::nothing)
        return into_response(error(errc::not_found, "there is no resource at this path"));
    return into_response(error(errc::unavailable, "the file can't be opened right now, try again").with_retry_after(1));
}

// The parts are pieces of the encoded file; the multipart body itself isn't encoded.
void send_several(const found_file& found, std::vector<detail::byte_range> ranges, response& res) {
    header_list of_parts;
    for (const std::string_view name : {"content-type", "content-encoding"})
        if (res.headers.contains(name)) of_parts.add(name, res.headers.find(name));
    response several = detail::byte_ranges(found.file, found.size, std::move(ranges), of_parts.lines());
    res.status = 206;
    res.headers.erase("content-encoding");
    res.headers.set("content-type", several.headers.find("content-type"));
    res.tail = std::move(several.tail);
}

// Sends the requested part or parts of the file, or all of it.
void send_asked(const request& req, const found_file& found, const validators& current, response& res) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    detail::range_request asked;
    if (req.method() == method::get && range_applies(req, current, now))
        asked = detail::parse_range(req.header("range"), found.size);
    if (asked.verdict == detail::range_verdict::unsatisfiable) {
        res.headers.erase("content-encoding");
        into_response(detail::framework_error(416, "none of the requested ranges exists"), res);
        res.headers.set("content-range", detail::unsatisfied_range(found.size));
    } else if (asked.verdict == detail::range_verdict::whole) {
        send_file({found.file, 0, found.size}, res);
    } else if (asked.ranges.size() == 1) {
        const auto part = asked.ranges.front();
        res.status = 206;
        res.headers.set("content-range", detail::content_range(part, found.size));
        send_file({found.file, part.first, part.size}, res);
    } else {
        send_several(found, std::move(asked.ranges), res);
    }
}

} // namespace

// Finds the file of a path, or a folder's index.
found_file static_files::folder::find(std::string& path) const {
    const bool below = path.empty() || path.back() == '/';
    if (!below) return detail::look_up(root, path, rules);
    if (options.index.empty()) return {};
    path += options.index;
    found_file found = detail::look_up(root, path, rules);
    if (found.end == detail::lookup_end::folder) found.end = detail::lookup_end::nothing;
    return found;
}

// Finds the encoded variant that the client ranks highest, if not below the plain file.
found_file static_files::folder::encoded(const request& req, const std::string& path, response& res) const {
    if (!options.precompressed) return {};
    detail::add_vary(res.headers, "accept-encoding");
    detail::accepted_codings accepted;
    detail::each_field(req, "accept-encoding", [&](std::string_view field) { accepted.add(field); });
    for (const content_coding coding : accepted.ranking()) {
        auto found = detail::look_up(root, path + std::string(extension(coding)), rules);
        if (!found) continue;
        res.headers.set("content-encoding", name(coding));
        return found;
    }
    return {};
}

response static_files::folder::answer(request& req, std::string path) const {
    found_file found = find(path);
    if (!found) return without_file(req, found.end);
    response res;
    res.headers.set("content-type", media_type_of(path))
        .set("cache-control", options.cache_control)
        .set("x-content-type-options", "nosniff")
        .set("accept-ranges", "bytes");
    if (auto smaller = encoded(req, path, res)) found = std::move(smaller);
    res.headers.set("etag", found.etag).set("last-modified", detail::format_http_date(found.modified));
    const validators current{.etag = found.etag, .last_modified = found.modified};
    switch (evaluate(req, current)) {
    case precondition::proceed:
        send_asked(req, found, current, res);
        break;
    case precondition::not_modified:
        res.status = 304;
        res.headers.erase("content-type");
        res.headers.erase("content-encoding");
        break;
    case precondition::failed:
        res.clear();
        into_response(detail::framework_error(412, "the file doesn't match the request's preconditions"), res);
        break;
    }
    return res;
}

static_files::static_files(const std::string& folder, static_files_options options) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        throw std::invalid_argument("weir: static_files: " + folder + ": " + std::generic_category().message(errno) +
                                    "; a readable folder is required");
    folder_ = std::make_shared<const static_files::folder>(descriptor, std::move(options));
}

response static_files::answer(request& req, std::string path) const { return folder_->answer(req, std::move(path)); }

void static_files::mount(router& at) const {
    at.get("/", [files = folder_](request& req) {
        return req.path().ends_with('/') ? files->answer(req, {}) : with_slash(req);
    });
    at.get("/{*path}",
           [files = folder_](request& req, path<"path", std::string> asked) { return files->answer(req, *asked); });
}

} // namespace weir::http
