// SPDX-License-Identifier: MIT
// labels: release
#include "support/process.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <unistd.h>

using namespace weir::bench;

TEST_CASE("private memory grows by the pages that a process writes") {
    // Large enough to dwarf pages that the kernel reclaims or counts late.
    constexpr std::size_t size = 64 * 1024 * 1024;
    const auto before = private_memory(::getpid());
    const auto block = std::make_unique<volatile char[]>(size);
    for (std::size_t i = 0; i < size; i += 4096) block[i] = 1;
    const auto grown = private_memory(::getpid()) - before;
    CHECK(grown > size - size / 4);
    CHECK(grown < size + size / 4);
    CHECK(resident_kib(::getpid()) * 1024 > size - size / 4);
}

TEST_CASE("a process that doesn't exist has no memory and no CPU time") {
    CHECK_THROWS_WITH_AS(private_memory(-1), "no smaps_rollup of process -1", std::runtime_error);
    CHECK_THROWS_WITH_AS(resident_kib(-1), "no smaps_rollup of process -1", std::runtime_error);
    CHECK_THROWS_WITH_AS(cpu_time(-1), "no schedstat of process -1", std::runtime_error);
}
