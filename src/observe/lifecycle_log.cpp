// SPDX-License-Identifier: MIT
#include <weir/observe/lifecycle_log.hpp>

namespace weir {

lifecycle::observer log_lifecycle(logger log) {
    return [log = std::move(log)](const lifecycle_event& event) {
        using what = lifecycle_event::what;
        const auto part = field("part", event.part);
        const auto took = field("took_ms", event.took);
        switch (event.kind) {
        case what::starting:
            return log.debug("starting", part);
        case what::stopping:
            return log.debug("stopping", part);
        case what::started:
            return log.info("started", part, took);
        case what::stopped:
            return log.info("stopped", part, took);
        case what::cut:
            return log.warn("cut off at its deadline", part, took);
        case what::failed:
            return log.error("failed", part, took, field("error", event.failure));
        }
    };
}

} // namespace weir
