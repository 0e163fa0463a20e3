// SPDX-License-Identifier: MIT
#include "support/queue_stop_conformance.hpp"
#include "support/rabbitmq_server.hpp"
#include <weir/amqp/queue.hpp>

namespace {

class rabbitmq_engine final : public test_support::queue_engine {
public:
    std::unique_ptr<weir::queue> open() override {
        weir::amqp::queue_options options;
        options.hosts = {test_support::shared_rabbitmq().host()};
        options.partitions = 2;
        return std::make_unique<weir::amqp::queue>(std::move(options));
    }
    std::chrono::seconds patience() const override { return std::chrono::seconds(60); }
};

} // namespace

TEST_CASE("RabbitMQ does what every engine does") {
    rabbitmq_engine engine;
    for (const auto& one : test_support::queue_cases()) SUBCASE(one.name) {
            one.run(engine);
        }
}
