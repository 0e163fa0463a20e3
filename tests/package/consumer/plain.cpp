// SPDX-License-Identifier: MIT
// Boost.Asio and RapidJSON as used by a program without weir.
#include <boost/asio.hpp>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <stdexcept>
#include <string>

namespace {

boost::asio::awaitable<void> wait_a_little(bool& done) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
    done = true;
}

void use_asio() {
    boost::asio::io_context io;
    bool done = false;
    boost::asio::co_spawn(io, wait_a_little(done), boost::asio::detached);
    io.run();
    if (!done) throw std::runtime_error("Asio's timer did not fire");
}

void use_rapidjson() {
    rapidjson::Document document;
    document.Parse(R"({"name":"weir"})");
    document.AddMember("kind", std::string("library"), document.GetAllocator());
    rapidjson::StringBuffer out;
    rapidjson::Writer<rapidjson::StringBuffer> writer(out);
    document.Accept(writer);
    if (std::string(out.GetString()) != R"({"name":"weir","kind":"library"})")
        throw std::runtime_error(std::string("RapidJSON wrote ") + out.GetString());
}

} // namespace

void use_plain();

void use_plain() {
    use_asio();
    use_rapidjson();
}
