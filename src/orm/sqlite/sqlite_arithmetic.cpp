// SPDX-License-Identifier: MIT
#include "orm/sqlite/sqlite_arithmetic.hpp"

#include "orm/sqlite/sqlite_api.hpp"
#include "orm/sqlite/sqlite_error.hpp"

#include <cmath>

namespace weir::orm {

namespace {

using sqlite_api::sqlite3_context;
using sqlite_api::sqlite3_int64;
using sqlite_api::sqlite3_value;

struct addition {
    static bool fits(sqlite3_int64 a, sqlite3_int64 b, sqlite3_int64& to) { return !__builtin_add_overflow(a, b, &to); }
    static double of(double a, double b) { return a + b; }
};

struct subtraction {
    static bool fits(sqlite3_int64 a, sqlite3_int64 b, sqlite3_int64& to) { return !__builtin_sub_overflow(a, b, &to); }
    static double of(double a, double b) { return a - b; }
};

void refuse(sqlite3_context* to) { sqlite_api::sqlite3_result_error(to, sqlite_overflow, -1); }

template<class Operation>
void calculate_whole(sqlite3_context* to, sqlite3_value** of) {
    sqlite3_int64 made = 0;
    if (!Operation::fits(sqlite_api::sqlite3_value_int64(of[0]), sqlite_api::sqlite3_value_int64(of[1]), made))
        return refuse(to);
    sqlite_api::sqlite3_result_int64(to, made);
}

template<class Operation>
void calculate_real(sqlite3_context* to, sqlite3_value** of) {
    const double made = Operation::of(sqlite_api::sqlite3_value_double(of[0]), sqlite_api::sqlite3_value_double(of[1]));
    if (!std::isfinite(made)) return refuse(to);
    sqlite_api::sqlite3_result_double(to, made);
}

template<class Operation>
void calculate(sqlite3_context* to, int, sqlite3_value** of) {
    const int left = sqlite_api::sqlite3_value_type(of[0]);
    const int right = sqlite_api::sqlite3_value_type(of[1]);
    if (left == SQLITE_NULL || right == SQLITE_NULL) return sqlite_api::sqlite3_result_null(to);
    if (left == SQLITE_INTEGER && right == SQLITE_INTEGER) return calculate_whole<Operation>(to, of);
    calculate_real<Operation>(to, of);
}

template<class Operation>
int define(sqlite_api::sqlite3* connection, const char* name) {
    return sqlite_api::sqlite3_create_function_v2(
        connection, name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, &calculate<Operation>, nullptr, nullptr,
        nullptr);
}

} // namespace

int define_arithmetic(sqlite_api::sqlite3* connection) {
    const int code = define<addition>(connection, "weir_add");
    return code != SQLITE_OK ? code : define<subtraction>(connection, "weir_subtract");
}

} // namespace weir::orm
