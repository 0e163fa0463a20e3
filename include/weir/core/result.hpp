// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <boost/system/result.hpp>

namespace weir {

/// A value or the error in its place; every fallible operation returns one.
///
///     if (!found) co_return found.error();   // pass it on
///     auto user = found.value();             // or let the server respond: throws error_exception
template<class T = void>
using result = boost::system::result<T, error>;

/// Success of an operation without a value: `co_return weir::ok();`
inline result<void> ok() { return {}; }

template<class T>
inline constexpr bool is_result = false;
template<class T>
inline constexpr bool is_result<boost::system::result<T, error>> = true;

} // namespace weir
