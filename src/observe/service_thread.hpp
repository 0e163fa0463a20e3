// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace weir::detail {

/// Starts a thread that receives no signals, which are for the application's threads: a broken pipe or a file over its
/// size limit then fails the write instead of ending the process. The name is truncated to 15 characters. Throws
/// std::system_error.
std::thread start_service_thread(std::string name, std::function<void()> work);

} // namespace weir::detail
