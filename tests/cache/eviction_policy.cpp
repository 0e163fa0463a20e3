// SPDX-License-Identifier: MIT
#include "cache/eviction_policy.hpp"

#include "cache/frequency_sketch.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

using namespace weir;
using namespace weir::detail;

namespace {

std::uint64_t hash_of_number(std::uint64_t number) {
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    return number ^ number >> 31;
}

struct numbered_node final : cache_node {
    explicit numbered_node(std::uint64_t n) : cache_node(hash_of_number(n), 1), number(n) {}
    bool has_key(const void*) const override { return false; }
    bool has_key_of(const cache_node&) const override { return false; }
    std::uint64_t number;
};

// A cache of numbers under a policy alone.
class policy_model {
public:
    policy_model(cache_eviction kind, cache_amount most) : policy_(kind, most) {}

    bool use(std::uint64_t number, std::size_t weight = 1) {
        if (const auto known = nodes_.find(number); known != nodes_.end()) {
            policy_.touch(*known->second);
            return true;
        }
        auto& node = *(nodes_[number] = std::make_unique<numbered_node>(number));
        policy_.add(node, weight);
        policy_.shrink([&](cache_node& gone) { nodes_.erase(static_cast<numbered_node&>(gone).number); });
        return false;
    }
    bool has(std::uint64_t number) const { return nodes_.contains(number); }
    std::size_t size() const { return nodes_.size(); }
    cache_amount amount() const { return policy_.amount(); }

private:
    std::map<std::uint64_t, std::unique_ptr<numbered_node>> nodes_;
    eviction_policy policy_;
};

// Draws numbers whose n-th is drawn 1/n^exponent as often as the first.
class zipf_source {
public:
    zipf_source(std::size_t many, double exponent) {
        double sum = 0;
        for (std::size_t i = 1; i <= many; ++i) below_.push_back(sum += 1 / std::pow(static_cast<double>(i), exponent));
    }
    std::uint64_t next() {
        const double drawn = std::uniform_real_distribution<>(0, below_.back())(source_);
        return static_cast<std::uint64_t>(std::ranges::lower_bound(below_, drawn) - below_.begin());
    }

private:
    std::vector<double> below_;
    std::mt19937_64 source_{1};
};

double hit_ratio(cache_eviction kind, double exponent, std::size_t size) {
    policy_model model(kind, {.entries = size, .bytes = cache_options::no_limit});
    zipf_source numbers(20'000, exponent);
    constexpr int uses = 100'000;
    int hits = 0;
    for (int i = 0; i < uses; ++i) hits += model.use(numbers.next());
    return static_cast<double>(hits) / uses;
}

} // namespace

TEST_CASE("the sketch estimates how often a key was used, up to 15") {
    frequency_sketch sketch;
    CHECK(sketch.estimate(1) == 0);
    sketch.add(1);
    CHECK(sketch.estimate(1) == 0);
    sketch.reserve(1000);
    for (unsigned uses = 1; uses <= 20; ++uses) {
        sketch.add(hash_of_number(7));
        CHECK(sketch.estimate(hash_of_number(7)) == std::min(uses, 15U));
    }
    CHECK(sketch.estimate(hash_of_number(8)) <= 1);
}

TEST_CASE("the sketch's estimates are seldom too high") {
    frequency_sketch sketch;
    sketch.reserve(1024);
    for (std::uint64_t i = 0; i < 1024; ++i) sketch.add(hash_of_number(i));
    int high = 0;
    for (std::uint64_t i = 0; i < 1024; ++i) {
        REQUIRE(sketch.estimate(hash_of_number(i)) >= 1);
        high += sketch.estimate(hash_of_number(i)) > 1;
    }
    CHECK(high < 60);
}

TEST_CASE("the sketch halves its counts after ten uses per entry") {
    frequency_sketch sketch;
    sketch.reserve(64);
    for (int i = 0; i < 12; ++i) sketch.add(hash_of_number(7));
    for (std::uint64_t i = 100; sketch.estimate(hash_of_number(7)) >= 12; ++i) {
        REQUIRE(i < 2000);
        sketch.add(hash_of_number(i));
    }
    CHECK(sketch.estimate(hash_of_number(7)) <= 7);
}

TEST_CASE("W-TinyLFU finds more of a zipf trace than LRU") {
    for (const double exponent : {0.7, 0.9, 1.1})
        for (const std::size_t size : {200U, 1000U}) {
            const double lfu = hit_ratio(cache_eviction::w_tiny_lfu, exponent, size);
            const double lru = hit_ratio(cache_eviction::lru, exponent, size);
            CHECK(lfu > lru + 0.02);
        }
}

TEST_CASE("a scan of new entries leaves the popular ones") {
    policy_model model(cache_eviction::w_tiny_lfu, {.entries = 100, .bytes = cache_options::no_limit});
    for (int round = 0; round < 4; ++round)
        for (std::uint64_t i = 0; i < 90; ++i) model.use(i);
    for (std::uint64_t i = 1000; i < 5000; ++i) model.use(i);
    int left = 0;
    for (std::uint64_t i = 0; i < 90; ++i) left += model.has(i);
    CHECK(left >= 70);
}

TEST_CASE("popular entries of the past make room for those of today") {
    policy_model model(cache_eviction::w_tiny_lfu, {.entries = 100, .bytes = cache_options::no_limit});
    for (int round = 0; round < 50; ++round)
        for (std::uint64_t i = 0; i < 100; ++i) model.use(i);
    for (int round = 0; round < 50; ++round)
        for (std::uint64_t i = 200; i < 290; ++i) model.use(i);
    int found = 0;
    for (std::uint64_t i = 200; i < 290; ++i) found += model.has(i);
    CHECK(found >= 80);
}

TEST_CASE("random uses keep the policy within both limits") {
    std::mt19937 random(3);
    for (const auto kind : {cache_eviction::w_tiny_lfu, cache_eviction::lru})
        for (const cache_amount most : {cache_amount{1, 50}, {7, 1000}, {1000, 300}, {cache_options::no_limit, 500}}) {
            policy_model model(kind, most);
            for (int i = 0; i < 5000; ++i) {
                model.use(random() % 300, random() % 50);
                REQUIRE(!model.amount().exceeds(most));
                REQUIRE(model.amount().entries == model.size());
            }
            CHECK(model.size() > 0);
        }
}
