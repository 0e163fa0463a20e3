// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/router.hpp>

#include <memory>
#include <string>

namespace weir::http {

struct static_files_options {
    std::string index = "index.html"; ///< what a folder answers with, behind its slash; empty: 404
    /// How long a browser may use a file without asking; "public, max-age=31536000, immutable" fits files
    /// whose names change with their content.
    std::string cache_control = "no-cache";
    /// Serve `app.js.br` or `app.js.gz` beside `app.js` to clients that take it: of those that are there the one with
    /// the client's highest weight, brotli before gzip where the client doesn't care (RFC 9110 section 12.5.3). They
    /// are as current as their own time says: build them together.
    bool precompressed = true;
    bool follow_symlinks = false; ///< links that lead out of the folder are then served as well
    /// Names that begin with a dot. `.well-known` in the folder itself is served anyway (RFC 8615).
    bool hidden_files = false;
};

/// The files below a folder: GET and HEAD with ETag and Last-Modified, conditional requests (RFC 9110
/// section 13), single and multiple ranges (section 14), sent by the kernel. Nothing outside the folder is
/// reachable: each step of a path is opened below the one before it, and `..`, however it is encoded, is no
/// step. A file is looked up on the loop at each request, so changes are seen at once; slow (network) disks
/// belong behind a proxy. Files are replaced by renaming, never written in place.
///
///     weir::static_files assets("public");
///     app.route("/assets", assets);
class static_files {
public:
    /// Throws std::invalid_argument when the folder can't be opened.
    explicit static_files(const std::string& folder, static_files_options options = {});

    void mount(router& at) const;

    /// One of the files for a route of your own; `path` is below the folder, empty for its index.
    ///
    ///     app.get("/", [assets](request& req) { return assets.answer(req, "index.html"); });
    response answer(request& req, std::string path) const;

private:
    struct folder;

    std::shared_ptr<const folder> folder_;
};

} // namespace weir::http

namespace weir {
using http::static_files;
using http::static_files_options;
} // namespace weir
