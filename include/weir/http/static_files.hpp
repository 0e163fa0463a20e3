// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/router.hpp>

#include <memory>
#include <string>

namespace weir::http {

struct static_files_options {
    std::string index = "index.html"; ///< the response for a folder, with a trailing slash; empty: 404
    /// How long a browser may use a file without revalidating it; "public, max-age=31536000, immutable" suits files
    /// whose names change with their content.
    std::string cache_control = "no-cache";
    /// Whether to serve `app.js.br` or `app.js.gz` in place of `app.js` to clients that accept it: the existing one
    /// with the client's highest weight, brotli before gzip for equal weights (RFC 9110 section 12.5.3). Their own
    /// modification time counts: build them together.
    bool precompressed = true;
    bool follow_symlinks = false; ///< also serve links that lead out of the folder
    /// Names that begin with a dot. `.well-known` at the top of the folder is always served (RFC 8615).
    bool hidden_files = false;
};

/// Serves the files of a folder: GET and HEAD with ETag and Last-Modified, conditional requests (RFC 9110 section 13),
/// single and multiple ranges (section 14), sent by the kernel. Nothing outside the folder is reachable: each component
/// of a path is opened relative to its parent, and `..`, however encoded, is refused. Files are looked up on the loop
/// at each request, so changes are visible at once; put slow (network) disks behind a proxy. Replace files by renaming,
/// never write them in place.
///
///     weir::static_files assets("public");
///     app.route("/assets", assets);
class static_files {
public:
    /// Throws std::invalid_argument if the folder can't be opened.
    explicit static_files(const std::string& folder, static_files_options options = {});

    void mount(router& at) const;

    /// Serves one file from your own route; `path` is relative to the folder, empty for its index.
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
