// SPDX-License-Identifier: MIT
// labels: unit
#include <weir/observe/log.hpp>

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <map>

using namespace weir;
using namespace std::chrono_literals;

namespace {

enum class colour { red, green };
BOOST_DESCRIBE_ENUM(colour, red, green)

enum class plain { one = 1 };

// A log with a stopped clock that writes lines synchronously.
struct log_fixture {
    manual_clock time;
    memory_log kept;
    logger log = with({});

    logger with(logger_options options) {
        options.asynchronous = false;
        options.clock = &time;
        return logger(kept.sink(), options);
    }

    std::string last() const { return kept.lines().empty() ? std::string() : kept.lines().back(); }

    // The part of the line after the message.
    std::string fields() const {
        const std::string line = last();
        const std::string_view before = R"("message":"m",)";
        return line.substr(line.find(before) + before.size());
    }
};

} // namespace

TEST_CASE_FIXTURE(log_fixture, "a record is one line of JSON with time, level, message and fields") {
    log.info("order placed", field("order_id", 7), field("total_cents", 990));
    CHECK(last() == R"({"time":"2026-01-01T00:00:00.000000Z","level":"info","message":"order placed",)"
                    R"("order_id":7,"total_cents":990})");
    CHECK(kept.lines().size() == 1);
}

TEST_CASE_FIXTURE(log_fixture, "the time follows the clock to the microsecond, across seconds and midnight") {
    time.advance(1s + 42us);
    log.info("m");
    CHECK(last().starts_with(R"({"time":"2026-01-01T00:00:01.000042Z")"));
    time.advance(24h * 59 - 2s + 999'957us);
    log.info("m");
    CHECK(last().starts_with(R"({"time":"2026-02-28T23:59:59.999999Z")"));
    time.advance(1us);
    log.info("m");
    CHECK(last().starts_with(R"({"time":"2026-03-01T00:00:00.000000Z")"));
}

TEST_CASE_FIXTURE(log_fixture, "values of every kind are written as JSON") {
    const std::string text = "text";
    const char* const none = nullptr;
    log.info("m", field("text", text), field("view", std::string_view("v")), field("null_text", none),
             field("letter", 'x'), field("yes", true), field("small", std::int8_t(-1)));
    CHECK(fields() == R"("text":"text","view":"v","null_text":"","letter":"x","yes":true,"small":-1})");

    log.info("m", field("big", ~std::uint64_t(0)), field("low", std::numeric_limits<std::int64_t>::min()),
             field("ratio", 0.1), field("nan", std::numeric_limits<double>::quiet_NaN()));
    CHECK(fields() == R"("big":18446744073709551615,"low":-9223372036854775808,"ratio":0.1,"nan":null})");

    log.info("m", field("some", std::optional<int>(3)), field("none", std::optional<int>()),
             field("list", std::vector<std::string>{"a", "b"}), field("empty", std::vector<int>()),
             field("nested", std::array<std::vector<int>, 2>{{{1}, {2, 3}}}));
    CHECK(fields() == R"("some":3,"none":null,"list":["a","b"],"empty":[],"nested":[[1],[2,3]]})");

    const std::filesystem::path file("a/b.txt");
    log.info("m", field("file", file), field("folder", file.parent_path()), field("none", std::filesystem::path()));
    CHECK(fields() == R"("file":"a/b.txt","folder":"a","none":""})");

    log.info("m", field("colour", colour::green), field("plain", plain::one), field("least", log_level::warn),
             field("kind", colour(7)));
    CHECK(fields() == R"("colour":"green","plain":1,"least":"warn","kind":""})");
}

TEST_CASE_FIXTURE(log_fixture, "a line has one time, level and message, whatever its fields are called") {
    log.with(field("level", 1)).info("m", field("time", 2), redacted("message", "n"), field("message_id", 3));
    CHECK(last() == R"({"time":"2026-01-01T00:00:00.000000Z","level":"info","message":"m",)"
                    R"("level_":1,"time_":2,"message_":"***","message_id":3})");
}

TEST_CASE_FIXTURE(log_fixture, "a duration is written in milliseconds and a point in time as RFC 3339") {
    log.info("m", field("took_ms", 1234567ns), field("none_ms", 0ns), field("long_ms", 2min), field("neg_ms", -1500us),
             field("at", time.wall_now()), field("day", std::chrono::floor<std::chrono::days>(time.wall_now())));
    CHECK(fields() == R"("took_ms":1.234,"none_ms":0.000,"long_ms":120000.000,"neg_ms":-1.500,)"
                      R"("at":"2026-01-01T00:00:00Z","day":"2026-01-01"})");
}

TEST_CASE_FIXTURE(log_fixture, "an error is written with its code, message, details and causes") {
    const auto lost = error(errc::unavailable, "connection lost");
    const auto failure = error(errc::internal, "can't place the order").with_code("order_failed").caused_by(lost);
    log.error("m", field("error", failure), field("none", error()));
    CHECK(fields() == R"("error":{"code":"order_failed","message":"can't place the order",)"
                      R"("cause":{"code":"unavailable","message":"connection lost"}},"none":null})");

    log.error("m", field("error", error(errc::validation_failed).with_detail({"text", "not_empty", "fill it in"})));
    CHECK(fields() == R"("error":{"code":"validation_failed","message":"the input is invalid",)"
                      R"("details":[{"field":"text","rule":"not_empty","message":"fill it in"}]}})");

    log.error("m", field("kind", errc::not_found));
    CHECK(fields() == R"("kind":{"code":"not_found","message":"not found"}})");
}

TEST_CASE_FIXTURE(log_fixture, "a string can't break out of its line or make invalid JSON") {
    log.info("m", field("quote", "a\"b\\c"), field("lines", "a\nb\r\t\x01"), field("bad", "a\xff\xc3z"),
             field("zh", "张"));
    CHECK(fields() ==
          "\"quote\":\"a\\\"b\\\\c\",\"lines\":\"a\\nb\\r\\t\\u0001\",\"bad\":\"a\xEF\xBF\xBD\xEF\xBF\xBDz\","
          "\"zh\":\"张\"}");
    log.info("line one\n{\"forged\":true}");
    CHECK(kept.lines().size() == 2);
    CHECK(last().find(R"("message":"line one\n{\"forged\":true}"})") != std::string::npos);
}

TEST_CASE_FIXTURE(log_fixture, "lines below the level are not written and their lazy fields not evaluated") {
    int evaluated = 0;
    const auto costly = [&] { return ++evaluated; };
    log.debug("m", field("costly", costly));
    log.trace("m", field("costly", costly));
    CHECK(kept.lines().empty());
    CHECK(evaluated == 0);
    CHECK(!log.enabled(log_level::debug));

    log.set_level(log_level::trace);
    log.trace("m", field("costly", costly));
    CHECK(fields() == R"("costly":1})");
    CHECK(log.enabled(log_level::trace));

    log.set_level(log_level::off);
    log.error("m", field("costly", costly));
    CHECK(kept.lines().size() == 1);
    CHECK(evaluated == 1);
}

TEST_CASE_FIXTURE(log_fixture, "each level has its name in the line") {
    log.set_level(log_level::trace);
    log.trace("m");
    log.debug("m");
    log.info("m");
    log.warn("m");
    log.error("m");
    std::string levels;
    for (const auto& line : kept.lines()) levels += line.substr(38, line.find(",\"message") - 38);
    CHECK(levels == R"("level":"trace""level":"debug""level":"info""level":"warn""level":"error")");
}

TEST_CASE_FIXTURE(log_fixture, "a child's fields are in its lines and its children's, not in its parent's") {
    const logger request = log.with(field("request_id", "r-1"), field("user", 7));
    const logger step = request.with(field("step", "pay"));
    step.info("m", field("ok", true));
    CHECK(fields() == R"("request_id":"r-1","user":7,"step":"pay","ok":true})");
    request.info("m");
    CHECK(fields() == R"("request_id":"r-1","user":7})");
    log.info("m", field("a", 1));
    CHECK(fields() == R"("a":1})");
}

TEST_CASE_FIXTURE(log_fixture, "copies and children share the level and the sink") {
    const logger copy = log;
    copy.with(field("a", 1)).set_level(log_level::error);
    log.warn("m");
    CHECK(kept.lines().empty());
    copy.error("m");
    CHECK(kept.lines().size() == 1);
}

TEST_CASE_FIXTURE(log_fixture, "redacted keys never show their values, however they are spelled") {
    log.info("m", field("password", "hunter2"), field("Authorization", "Bearer x"), field("session_key", "k"),
             field("access_token", "t"), field("Set-Cookie", "c"), field("wx_appsecret", 1));
    CHECK(fields() == R"("password":"***","Authorization":"***","session_key":"***","access_token":"***",)"
                      R"("Set-Cookie":"***","wx_appsecret":"***"})");
    log.info("m", field("accessToken", "t"), field("sessionKey", "k"), field("userPasswd", "p"),
             field("x-api-key", "a"), field("jwt", "j"), field("private_key", "p"),
             field("a_key_of_many_words_and_a_secret", "s"));
    CHECK(fields() == R"("accessToken":"***","sessionKey":"***","userPasswd":"***","x-api-key":"***","jwt":"***",)"
                      R"("private_key":"***","a_key_of_many_words_and_a_secret":"***"})");
    log.info("m", field("tokens", 3), field("token_count", 3), field("mytoken", 3), field("passwor", 1), field("n", 1));
    CHECK(fields() == R"("tokens":3,"token_count":3,"mytoken":3,"passwor":1,"n":1})");
    log.with(field("cookie", "c")).info("m");
    CHECK(fields() == R"("cookie":"***"})");
}

TEST_CASE_FIXTURE(log_fixture, "a redacted field is hidden under any key and its lazy value is not evaluated") {
    bool evaluated = false;
    log.info("m", redacted("openid", "o-1"), redacted("lazy", [&] { return evaluated = true; }));
    CHECK(fields() == R"("openid":"***","lazy":"***"})");
    CHECK(!evaluated);
}

TEST_CASE_FIXTURE(log_fixture, "an application can choose the redacted keys") {
    logger_options options;
    options.redact = {"Phone-Number"};
    with(options).info("m", field("phone_number", "1"), field("password", "visible"));
    CHECK(fields() == R"("phone_number":"***","password":"visible"})");
    options.redact = {"x", "", "pin"};
    with(options).info("m", field("X", 1), field("pin_x", 1), field("my-pin", 1), field("n", 1), field("ax", 1));
    CHECK(fields() == R"("X":"***","pin_x":"***","my-pin":"***","n":1,"ax":1})");
    options.redact = {};
    with(options).info("m", field("phone_number", "1"));
    CHECK(fields() == R"("phone_number":"1"})");
}

TEST_CASE_FIXTURE(log_fixture, "a lazy field may log without disturbing its line") {
    log.info("m", field("before", 1), field("inner", [&] {
                 log.info("nested", field("deep", true));
                 return 2;
             }));
    CHECK(fields() == R"("before":1,"inner":2})");
    CHECK(kept.lines().front().ends_with(R"("message":"nested","deep":true})"));
}

TEST_CASE_FIXTURE(log_fixture, "a field that throws leaves no partial line") {
    CHECK_THROWS_AS(log.info("m", field("a", []() -> int { throw std::runtime_error("no"); })), std::runtime_error);
    CHECK(kept.lines().empty());
    log.info("m", field("a", 1));
    CHECK(fields() == R"("a":1})");
}

TEST_CASE_FIXTURE(log_fixture, "a field stores a temporary, so it may be created before its line") {
    const auto text = field("text", std::string("longer than what a string holds inside"));
    const auto number = field("number", 40 + 2);
    const auto literal = field("literal", "l");
    const auto list = field("list", std::vector<int>{1, 2});
    log.info("m", text, number, literal, list);
    CHECK(fields() == R"("text":"longer than what a string holds inside","number":42,"literal":"l","list":[1,2]})");
}

TEST_CASE_FIXTURE(log_fixture, "keys of any length, and more than are cached, are written and redacted") {
    log.info("m", field("a_key_that_is_longer_than_what_is_made_ready_before", 1), field("k", 2));
    CHECK(fields() == R"("a_key_that_is_longer_than_what_is_made_ready_before":1,"k":2})");
    for (int round = 0; round < 3; ++round) {
        log.info("m", field("client_secret", "s"), field("client", "c"), field("user_token", "t"), field("user", "u"));
        CHECK(fields() == R"("client_secret":"***","client":"c","user_token":"***","user":"u"})");
    }
}

TEST_CASE_FIXTURE(log_fixture, "a field refers to a large named value without copying it") {
    std::vector<int> list{1};
    const auto early = field("list", list);
    list.push_back(2);
    log.info("m", early);
    CHECK(fields() == R"("list":[1,2]})");
    static_assert(std::same_as<decltype(field("list", list)), log_field<const std::vector<int>&>>);
}

TEST_CASE("a logger without a sink discards everything") {
    const logger none;
    bool evaluated = false;
    none.error("m", field("costly", [&] { return evaluated = true; }));
    none.with(field("a", 1)).error("m");
    CHECK(!evaluated);
    CHECK(!none.enabled(log_level::error));
    CHECK(none.flush());
    CHECK(none.reopen());
    CHECK(none.stats().lines == 0);
}
