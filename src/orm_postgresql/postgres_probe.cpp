// SPDX-License-Identifier: MIT
#include "orm_postgresql/postgres_probe.hpp"

#include <libpq-fe.h>
#include <memory>
#include <poll.h>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 50ms;

class probe {
public:
    probe(const std::string& url, duration limit, const std::stop_token& stop)
        : server_(PQconnectStart(url.c_str()), &PQfinish), until_(weir::detail::later(system_clock().now(), limit)),
          stop_(stop) {}

    result<void> run() {
        if (!server_) return error(errc::unavailable, "out of memory");
        if (auto connected = connect(); !connected) return connected;
        if (PQsendQuery(server_.get(), "SELECT 1") != 1) return failed();
        return read_answer();
    }

private:
    result<void> connect() {
        for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(server_.get())) {
            if (next == PGRES_POLLING_FAILED) return failed();
            if (!becomes_ready(next == PGRES_POLLING_READING ? POLLIN : POLLOUT)) return silent();
        }
        return ok();
    }

    result<void> read_answer() {
        for (;;) {
            while (PQisBusy(server_.get())) {
                if (!becomes_ready(POLLIN)) return silent();
                if (PQconsumeInput(server_.get()) != 1) return failed();
            }
            const std::unique_ptr<PGresult, decltype(&PQclear)> got(PQgetResult(server_.get()), &PQclear);
            if (!got) return ok();
            if (PQresultStatus(got.get()) != PGRES_TUPLES_OK) return failed();
        }
    }

    // False after the deadline or when stopped.
    bool becomes_ready(short what) const {
        while (!stop_.stop_requested() && system_clock().now() < until_) {
            pollfd socket{PQsocket(server_.get()), what, 0};
            if (::poll(&socket, 1, static_cast<int>(between_looks.count())) != 0) return true;
        }
        return false;
    }

    error failed() const { return {errc::unavailable, PQerrorMessage(server_.get())}; }
    static error silent() { return {errc::unavailable, "the server accepts connections but doesn't answer"}; }

    const std::unique_ptr<PGconn, decltype(&PQfinish)> server_;
    const time_point until_;
    const std::stop_token& stop_;
};

} // namespace

result<void> probe_postgres(const std::string& url, duration limit, const std::stop_token& stop) {
    return probe(url, limit, stop).run();
}

} // namespace weir::orm
