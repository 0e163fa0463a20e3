// SPDX-License-Identifier: MIT
#pragma once

#include "support/temporary_folder.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace test_support {

struct promtool_verdict {
    int status = -1;
    std::string says{};
};

// Runs Prometheus' checker (package prometheus) on an exposition; status 127 if it isn't installed.
inline promtool_verdict promtool(const std::string& exposition) {
    const test_support::temporary_folder folder;
    const std::string path = folder.put("metrics", exposition);
    std::FILE* const run = ::popen(("promtool check metrics <" + path + " 2>&1").c_str(), "r");
    if (!run) throw std::runtime_error("promtool can't be started");
    promtool_verdict out;
    for (int c = 0; (c = std::fgetc(run)) != EOF;) out.says += static_cast<char>(c);
    const int ended = ::pclose(run);
    out.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return out;
}

} // namespace test_support
