// SPDX-License-Identifier: MIT
#pragma once

#include "integration/http/count_body.hpp"
#include "integration/http/echo_handler.hpp"
#include "integration/http/large_body.hpp"
#include "support/loopback.hpp"
#include "support/temporary_folder.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/event_stream.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/static_files.hpp>
#include <weir/http/websocket.hpp>
#include <weir/reflect/schema.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/describe.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace soak {

struct bill {
    std::int64_t id{};
    std::vector<std::int64_t> prices{};
};
BOOST_DESCRIBE_STRUCT(bill, (), (id, prices))

struct total {
    std::int64_t id{};
    std::int64_t sum{};
};
BOOST_DESCRIBE_STRUCT(total, (), (id, sum))

inline const std::string file_text = test_support::pattern(100'000); // of /files/large

constexpr int stream_pieces = 20;
inline std::string stream_piece(int number) { return std::string(1000, static_cast<char>('a' + number)); }

inline weir::task<weir::result<void>> write_pieces(weir::body_writer& out) {
    for (int i = 0; i < stream_pieces; ++i) {
        const std::string piece = stream_piece(i);
        const auto sent = co_await out.write(piece);
        if (!sent) co_return sent.error();
        if (i % 5 == 4) co_await weir::sleep_for(std::chrono::milliseconds(5));
    }
    co_return weir::ok();
}

// More than any client reads.
inline weir::task<weir::result<void>> write_on(weir::body_writer& out) {
    const std::string piece(16 * 1024, 'x');
    for (int i = 0; i < 4096; ++i) {
        const auto sent = co_await out.write(piece);
        if (!sent) co_return sent.error();
    }
    co_return weir::ok();
}

inline weir::task<weir::result<void>> tick(weir::event_writer& events) {
    for (int i = 0;; ++i) {
        const std::string number = std::to_string(i);
        const auto sent = co_await events.send(number);
        if (!sent) co_return sent.error();
        const auto slept = co_await weir::sleep_for(std::chrono::milliseconds(20));
        if (!slept) co_return slept.error();
    }
}

// Waits only for its cancellation.
inline weir::task<std::string> wait_on() {
    const weir::executor here = co_await weir::this_task;
    boost::asio::steady_timer never(here.context().loop().io(), boost::asio::steady_timer::time_point::max());
    co_await never.async_wait(boost::asio::as_tuple(weir::use_task));
    co_return "at last";
}

/// `folder` is filled here, and outlives the routes.
inline void add_routes(weir::router& app, const test_support::temporary_folder& folder) {
    folder.put("large", file_text);
    app.route("/files", weir::static_files(folder.path()));
    app.get("/number/{n}", [](weir::path<"n", std::int64_t> n) { return "number " + std::to_string(*n); });
    app.get("/later/{n}", [](weir::path<"n", std::int64_t> n) -> weir::task<std::string> {
        co_await weir::sleep_for(std::chrono::milliseconds(5));
        co_return "later " + std::to_string(*n);
    });
    app.post("/bill", [](weir::body<bill> in) {
        total out{in->id, 0};
        for (const auto price : in->prices) out.sum += price;
        return out;
    });
    app.post("/count", test_support::count_body);
    app.get("/stream", [] { return weir::stream(write_pieces); });
    app.get("/endless", [] { return weir::stream(write_on); });
    app.get("/events", [] { return weir::event_stream(tick); });
    app.route("/hasty", [](weir::router& hasty) {
        hasty.timeout(std::chrono::milliseconds(50));
        hasty.get("/stuck", wait_on);
    });
    app.get("/echo", [](weir::websocket_upgrade upgrade) { return upgrade.accept(test_support::echo); });
}

/// Options of a server under such a load: peers that half-close wait for their responses.
inline weir::server_options options() {
    auto made = test_support::loopback(2);
    made.limits.half_close = true;
    return made;
}

/// Polls a server in another process, which can't notify, until the condition holds; false after 30 s.
inline bool comes_true(const std::function<bool()>& holds) {
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds() && std::chrono::steady_clock::now() < late)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return holds();
}

/// The server in its own process, so that its memory and descriptors can be measured. Create it before the test has
/// threads; it ends with the test.
class server_process {
public:
    explicit server_process(const weir::server_options& options) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
        pid_ = fork();
        if (pid_ == 0) {
            close(ends[0]);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(options, ends[1]);
        }
        close(ends[1]);
        control_ = ends[0];
        port_ = read_from<std::uint16_t>(control_);
    }
    ~server_process() {
        close(control_);
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;

    std::uint16_t port() const noexcept { return port_; }
    weir::http::server_stats stats() const {
        ask('s');
        return read_from<weir::http::server_stats>(control_);
    }
    /// Resident bytes.
    std::size_t memory() const {
        std::ifstream in("/proc/" + std::to_string(pid_) + "/statm");
        std::size_t all = 0, resident = 0;
        in >> all >> resident;
        return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    }
    std::size_t descriptors() const {
        const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid_) + "/fd");
        return static_cast<std::size_t>(std::distance(begin(open), end(open)));
    }
    /// Stops; whether nothing had to be aborted and the process ended well.
    bool stop() {
        ask('q');
        const bool in_order = read_from<char>(control_) == 'y';
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = -1;
        return in_order && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }

private:
    template<class T>
    static T read_from(int fd) {
        T value{};
        if (read(fd, &value, sizeof value) != static_cast<ssize_t>(sizeof value))
            throw std::runtime_error("the server's process is gone");
        return value;
    }
    template<class T>
    static void write_to(int fd, const T& value) {
        if (write(fd, &value, sizeof value) != static_cast<ssize_t>(sizeof value)) _exit(3);
    }
    void ask(char what) const {
        if (::send(control_, &what, 1, MSG_NOSIGNAL) != 1) throw std::runtime_error("the server's process is gone");
    }

    [[noreturn]] void serve(const weir::server_options& options, int control) const {
        weir::router app;
        add_routes(app, files_);
        weir::server running(app, options);
        if (!running.start()) _exit(2);
        write_to(control, running.port());
        for (char asked = 0; read(control, &asked, 1) == 1;) {
            if (asked == 's') write_to(control, running.stats());
            if (asked != 'q') continue;
            weir::loop home;
            const auto stopped = home.block_on(running.stop(home.clock().now() + std::chrono::seconds(20)));
            write_to(control, stopped ? 'y' : 'n');
            _exit(0);
        }
        _exit(1);
    }

    test_support::temporary_folder files_;
    pid_t pid_ = -1;
    int control_ = -1;
    std::uint16_t port_ = 0;
};

} // namespace soak
