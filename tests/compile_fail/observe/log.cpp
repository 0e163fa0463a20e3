// SPDX-License-Identifier: MIT
// expect WRONG_1: the_key_of_a_log_field_is_empty
// expect WRONG_2: the_key_of_a_log_field_needs_escaping
// expect WRONG_3: a log field takes strings, numbers, errors, times, optionals and ranges of them
// expect WRONG_4: a log field takes strings, numbers, errors, times, optionals and ranges of them
#include <weir/observe/log.hpp>

struct undescribed {
    int id{};
};

// A range whose elements are of its own type, like a path.
struct endless_range {
    const endless_range* begin() const { return this; }
    const endless_range* end() const { return this; }
};

void write(const weir::logger& log, const undescribed& one) {
#ifdef WRONG_1
    log.info("m", weir::field("", one.id));
#elif defined(WRONG_2)
    log.info("m", weir::field("a\"b", one.id));
#elif defined(WRONG_3)
    log.info("m", weir::field("one", one));
#elif defined(WRONG_4)
    log.info("m", weir::field("one", endless_range{}));
#else
    log.info("m", weir::field("id", one.id));
#endif
}
