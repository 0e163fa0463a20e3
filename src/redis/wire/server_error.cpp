// SPDX-License-Identifier: MIT
#include <weir/redis/decode.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace weir::redis {

namespace {

struct known_error {
    std::string_view word;
    errc kind;
    std::string_view message;
};

constexpr std::string_view temporarily_out = "redis can't run the command at the moment";
constexpr std::string_view wrong_use = "redis refused the command";
constexpr std::string_view no_access = "redis refused access: check the user and the password of its URL";

constexpr std::array known_errors{
    known_error{"LOADING", errc::unavailable, temporarily_out},
    known_error{"BUSY", errc::unavailable, temporarily_out},
    known_error{"READONLY", errc::unavailable, "this redis server is a replica and refuses to write"},
    known_error{"OOM", errc::unavailable, "redis is out of memory"},
    known_error{"MASTERDOWN", errc::unavailable, temporarily_out},
    known_error{"NOREPLICAS", errc::unavailable, temporarily_out},
    known_error{"CLUSTERDOWN", errc::unavailable, temporarily_out},
    known_error{"TRYAGAIN", errc::unavailable, temporarily_out},
    known_error{"MISCONF", errc::unavailable, temporarily_out},
    known_error{"BUSYGROUP", errc::already_exists, "the consumer group already exists"},
    known_error{"BUSYKEY", errc::already_exists, "the key already exists"},
    known_error{"NOGROUP", errc::not_found, "no such stream or consumer group"},
    known_error{"CROSSSLOT", errc::invalid_argument, "the keys of one command must have the same slot of the cluster"},
    known_error{"NOAUTH", errc::internal, no_access},
    known_error{"WRONGPASS", errc::internal, no_access},
    known_error{"NOPERM", errc::internal, no_access},
    known_error{"WRONGTYPE", errc::internal, "the key holds another type of value"},
    known_error{"NOSCRIPT", errc::internal, "the script isn't loaded"},
    known_error{"MOVED", errc::internal, "this server belongs to a cluster: use a redis+cluster:// URL"},
    known_error{"ASK", errc::internal, "this server belongs to a cluster: use a redis+cluster:// URL"},
    known_error{"EXECABORT", errc::internal, "a command of the transaction was refused, so none has run"},
};

std::string lower_case(std::string_view word) {
    std::string lower(word);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower;
}

} // namespace

error error_of(std::string_view error_reply) {
    constexpr std::size_t longest_word = 32;
    std::string_view word = error_reply.substr(0, error_reply.find(' '));
    if (word.empty() || word.size() > longest_word) word = "ERR";
    const auto* const found = std::ranges::find(known_errors, word, &known_error::word);
    const known_error like = found != known_errors.end() ? *found : known_error{word, errc::unknown, wrong_use};
    return error(like.kind, std::string(like.message))
        .with_code(lower_case(word))
        .caused_by(error(like.kind, std::string(error_reply)));
}

} // namespace weir::redis
