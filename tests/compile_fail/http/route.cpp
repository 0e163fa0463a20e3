// SPDX-License-Identifier: MIT
// expect WRONG_1: the_handler_names_a_path_parameter_that_the_pattern_lacks
// expect WRONG_2: a_route_pattern_starts_with_a_slash
// expect WRONG_3: a_route_pattern_has_an_unclosed_or_empty_brace
// expect WRONG_4: a_route_parameter_fills_its_whole_segment
// expect WRONG_5: a_wildcard_stands_last_in_its_pattern
// expect WRONG_6: a_route_pattern_names_a_parameter_twice
// expect WRONG_7: a middleware is task<response>(request&, next)
#include <weir/http/router.hpp>

#include <string>

namespace {

std::string show(weir::path<"id", std::int64_t> id) { return std::to_string(*id); }

} // namespace

void routes(weir::router& r) {
    r.get("/users/{id}", show);
    r.get("/users/{user}/orders/{id}", show);
    r.get("/files/{*rest}", [] { return ""; });
#ifdef WRONG_1
    r.get("/users/{uid}", show);
#endif
#ifdef WRONG_2
    r.get("users", [] { return ""; });
#endif
#ifdef WRONG_3
    r.get("/users/{id", [] { return ""; });
#endif
#ifdef WRONG_4
    r.get("/users/u{id}", [] { return ""; });
#endif
#ifdef WRONG_5
    r.get("/{*rest}/more", [] { return ""; });
#endif
#ifdef WRONG_6
    r.get("/{id}/{id}", [] { return ""; });
#endif
#ifdef WRONG_7
    r.use([](int) { return 1; });
#endif
}
