// SPDX-License-Identifier: MIT
#include "integration/redis/fixture.hpp"
#include "support/queue_stop_conformance.hpp"
#include <weir/redis/stream_queue.hpp>

namespace {

class conforming_engine final : public test_support::queue_engine {
public:
    std::unique_ptr<weir::queue> open() override {
        weir::redis::stream_queue_options options;
        options.poll = std::chrono::milliseconds(50);
        return std::make_unique<weir::redis::stream_queue>(db_, std::move(options));
    }

private:
    test_support::redis_server server_{};
    weir::redis::client db_{redis_test::options_for(server_.url())};
};

} // namespace

TEST_CASE("a queue on Redis streams does what every engine does") {
    conforming_engine engine;
    for (const auto& one : test_support::queue_cases()) SUBCASE(one.name) {
            one.run(engine);
        }
}
