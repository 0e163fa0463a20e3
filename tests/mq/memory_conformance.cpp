// SPDX-License-Identifier: MIT
// labels: concurrency
#include "support/queue_stop_conformance.hpp"
#include <weir/mq/memory_queue.hpp>

namespace {

class memory_engine final : public test_support::queue_engine {
public:
    std::unique_ptr<weir::queue> open() override { return std::make_unique<weir::memory_queue>(); }
};

} // namespace

TEST_CASE("the memory queue does what every engine does") {
    memory_engine engine;
    for (const auto& one : test_support::queue_cases()) SUBCASE(one.name) {
            one.run(engine);
        }
}
