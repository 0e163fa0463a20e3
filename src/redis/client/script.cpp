// SPDX-License-Identifier: MIT
#include "redis/wire/sha1.hpp"
#include <weir/redis/script.hpp>

namespace weir::redis {

script::script(std::string source) {
    std::string sha1 = detail::sha1_hex(source);
    text_ = std::make_shared<const text>(text{std::move(source), std::move(sha1)});
}

} // namespace weir::redis
