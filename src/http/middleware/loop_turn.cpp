// SPDX-License-Identifier: MIT
#include "http/middleware/loop_turn.hpp"

#include <boost/asio/post.hpp>

namespace weir::http::detail {

duration loop_turn::passed() {
    const time_point now = home_.clock().now();
    if (begun_) return now - began_;
    boost::asio::post(home_.io(), [this] { begun_ = false; });
    began_ = now;
    begun_ = true;
    return {};
}

} // namespace weir::http::detail
