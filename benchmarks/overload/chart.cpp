// SPDX-License-Identifier: MIT
#include "overload/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string_view>

namespace weir::bench {

namespace {

constexpr double most_load = 300;
constexpr double width = 340;
constexpr double height = 220;
constexpr double top = 50;

struct panel {
    std::string_view title;
    double left;
    double (*height_of)(const overload_point& one); // 0 at the bottom, 1 at the top
};

constexpr std::array goodput_marks{0.0, 25.0, 50.0, 75.0, 100.0};
constexpr std::array latency_marks{1.0, 10.0, 100.0, 1000.0};

double of_goodput(double percent) { return std::clamp(percent / 110, 0.0, 1.0); }
double of_latency(double ms) { return std::clamp(std::log10(std::max(ms, 1.0)) / 3, 0.0, 1.0); }

constexpr panel goodput{
    "goodput, % of capacity", 60, [](const overload_point& one) { return of_goodput(one.goodput); }};
constexpr panel latency{
    "p99 of accepted requests, ms", 480, [](const overload_point& one) { return of_latency(one.p99_ms); }};

double x_of(const panel& in, double load) { return in.left + load / most_load * width; }
double y_of(double part) { return top + (1 - part) * height; }

template<class... Args>
void put(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

void put_mark(std::string& out, const panel& in, double value, double part) {
    put(out, "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", in.left, y_of(part),
        in.left + width, y_of(part));
    put(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>\n", in.left - 6, y_of(part) + 4, value);
}

void put_axes(std::string& out, const panel& in) {
    put(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" font-weight=\"bold\">{}</text>\n", in.left, top - 14, in.title);
    for (double load = 0; load <= most_load; load += 50)
        put(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:g}</text>\n", x_of(in, load),
            top + height + 18, load);
    put(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">offered load, % of capacity</text>\n",
        in.left + width / 2, top + height + 38);
}

void put_line(std::string& out, const panel& in, const overload_series& one) {
    put(out, "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"", one.color);
    for (const auto& point : one.points) put(out, "{:.1f},{:.1f} ", x_of(in, point.load), y_of(in.height_of(point)));
    out += "\"/>\n";
    for (const auto& point : one.points)
        put(out, "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x_of(in, point.load),
            y_of(in.height_of(point)), one.color);
}

void put_legend(std::string& out, const std::vector<overload_series>& all) {
    double left = goodput.left;
    for (const auto& one : all) {
        put(out, "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"4\" fill=\"{}\"/>\n", left, top + height + 56,
            one.color);
        put(out, "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", left + 20, top + height + 62, one.name);
        left += 40 + 8 * static_cast<double>(one.name.size());
    }
}

} // namespace

std::string overload_chart(const std::vector<overload_series>& all) {
    std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 350\" font-family=\"sans-serif\" "
                      "font-size=\"12\">\n<rect width=\"860\" height=\"350\" fill=\"white\"/>\n";
    for (const double mark : goodput_marks) put_mark(out, goodput, mark, of_goodput(mark));
    for (const double mark : latency_marks) put_mark(out, latency, mark, of_latency(mark));
    for (const panel& one : {goodput, latency}) {
        put_axes(out, one);
        for (const auto& series : all) put_line(out, one, series);
    }
    put_legend(out, all);
    return out + "</svg>\n";
}

} // namespace weir::bench
