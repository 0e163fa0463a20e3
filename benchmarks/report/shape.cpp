// SPDX-License-Identifier: MIT
#include "report/render.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

namespace weir::bench {

namespace {

bool has_text(const rapidjson::Value& object, const char* name) {
    const auto found = object.FindMember(name);
    return found != object.MemberEnd() && found->value.IsString() && found->value.GetStringLength() > 0;
}

std::string figure_error(const rapidjson::Value& row, const char* server, const rapidjson::Value& value) {
    if (value.IsNumber()) return {};
    if (!value.IsNull()) return fmt::format("the figure of {} is neither a number nor null", server);
    const auto reasons = row.FindMember("reasons");
    const bool given = reasons != row.MemberEnd() && reasons->value.IsObject() && has_text(reasons->value, server);
    return given ? std::string() : fmt::format("{} is null without a reason", server);
}

std::string row_error(const rapidjson::Value& row) {
    if (!row.IsObject()) return "not an object";
    for (const char* name : {"bench", "case", "metric", "unit"})
        if (!has_text(row, name)) return fmt::format("no text under {}", name);
    const auto weir = row.FindMember("weir");
    if (weir == row.MemberEnd()) return "no member weir";
    if (auto wrong = figure_error(row, "weir", weir->value); !wrong.empty()) return wrong;
    const auto peers = row.FindMember("peers");
    if (peers == row.MemberEnd() || !peers->value.IsObject()) return "no object peers";
    for (const auto& peer : peers->value.GetObject())
        if (auto wrong = figure_error(row, peer.name.GetString(), peer.value); !wrong.empty()) return wrong;
    return {};
}

} // namespace

std::string shape_error(std::string_view json) {
    rapidjson::Document rows;
    rows.Parse(json.data(), json.size());
    if (rows.HasParseError() || !rows.IsArray()) return "not a JSON array";
    if (rows.Empty()) return "no rows";
    for (rapidjson::SizeType i = 0; i < rows.Size(); ++i)
        if (const auto wrong = row_error(rows[i]); !wrong.empty()) return fmt::format("row {}: {}", i, wrong);
    return {};
}

} // namespace weir::bench
