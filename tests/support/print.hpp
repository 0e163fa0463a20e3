// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <doctest/doctest.h>

// How a failed check shows a result: its error, or that there is a value.
template<class T>
struct doctest::StringMaker<boost::system::result<T, weir::error>> {
    static String convert(const boost::system::result<T, weir::error>& shown) {
        return shown ? "a value" : shown.error().describe().c_str();
    }
};
