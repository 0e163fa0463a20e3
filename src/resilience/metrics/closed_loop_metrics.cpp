// SPDX-License-Identifier: MIT
#include <weir/resilience/closed_loop_metrics.hpp>

namespace weir {

namespace {

void add_signal(metrics& to, const closed_loop& of, const std::string& name, std::size_t index) {
    const auto from = [&](const char* metric, const char* help, double (*value)(const anomaly_verdict&)) {
        to.gauge_from(metric, help, {{"signal", name}}, [&of, index, value] {
            return value(of.signals()[index].verdict);
        });
    };
    from("closed_loop_signal", "The signal's last value", [](const anomaly_verdict& it) { return it.value; });
    from("closed_loop_signal_usual", "The signal's usual value", [](const anomaly_verdict& it) { return it.usual; });
    from("closed_loop_signal_score", "The signal's distance from the usual, in deviations",
         [](const anomaly_verdict& it) { return it.score; });
    from("closed_loop_anomalous", "Whether the signal is anomalous",
         [](const anomaly_verdict& it) { return it.anomalous ? 1.0 : 0.0; });
}

void add_knob(metrics& to, const closed_loop& of, const std::string& name, std::size_t index) {
    to.gauge_from("closed_loop_knob", "The knob's value", {{"knob", name}}, [&of, index] {
        return of.knobs()[index].value;
    });
    to.gauge_from("closed_loop_knob_home", "The value that the knob returns to", {{"knob", name}}, [&of, index] {
        return of.knobs()[index].home;
    });
}

} // namespace

void measure(metrics& to, const closed_loop& of) {
    const auto signals = of.signals();
    for (std::size_t i = 0; i < signals.size(); ++i) add_signal(to, of, signals[i].name, i);
    const auto knobs = of.knobs();
    for (std::size_t i = 0; i < knobs.size(); ++i) add_knob(to, of, knobs[i].name, i);
    to.gauge_from("closed_loop_mode", "0 off, 1 propose, 2 apply", {}, [&of] {
        return static_cast<double>(of.mode());
    });
}

} // namespace weir
