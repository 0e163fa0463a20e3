// SPDX-License-Identifier: MIT
#include "testing/fault_link.hpp"
#include <weir/testing/fault_proxy.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <future>
#include <pthread.h>
#include <thread>
#include <vector>

namespace weir::testing {

namespace asio = boost::asio;

namespace {

using tcp = asio::ip::tcp;
using acceptor_type = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

void bind_shared(acceptor_type& acceptor, const tcp::endpoint& at) {
    acceptor.open(tcp::v4());
    acceptor.set_option(reuse_port(true));
    acceptor.bind(at);
}

} // namespace

struct fault_proxy::impl {
    impl(std::uint16_t upstream_port, const std::string& upstream_address)
        : upstream(asio::ip::make_address(upstream_address), upstream_port), holder(home.io().get_executor()) {
        bind_shared(holder, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        listen();
        thread = std::thread([this] {
            pthread_setname_np(pthread_self(), "fault-proxy");
            home.run();
        });
    }

    ~impl() {
        home.stop();
        thread.join();
    }

    void listen() {
        acceptor = std::make_shared<acceptor_type>(home.io().get_executor());
        bind_shared(*acceptor, holder.local_endpoint());
        acceptor->listen();
        home.spawn(accept(acceptor));
    }

    task<void> accept(std::shared_ptr<acceptor_type> from) {
        while (true) {
            auto [failed, client] = co_await from->async_accept(quietly);
            if (failed) co_return;
            auto link = std::make_shared<fault_link>(home, board, std::move(client));
            std::erase_if(links, [](const auto& one) { return one.expired(); });
            links.push_back(link);
            board.count([](fault_proxy_stats& figures) {
                ++figures.accepted;
                ++figures.open;
            });
            home.spawn(fault_link::serve(link, upstream));
        }
    }

    // Runs `f` on the proxy's loop and waits for it, so that a change is in effect when the caller continues.
    template<class F>
    void on_loop(F f) {
        std::promise<void> done;
        home.post([&] {
            f();
            done.set_value();
        });
        done.get_future().get();
    }

    template<class F>
    void each_link(F f) {
        for (const auto& weak : links)
            if (const auto link = weak.lock()) f(*link);
    }

    void set(direction where, fault what) {
        board.set(where, what);
        each_link([](fault_link& link) { link.wake(); });
    }

    static constexpr auto quietly = asio::as_tuple(use_task);

    const tcp::endpoint upstream;
    fault_board board;
    std::vector<std::weak_ptr<fault_link>> links;
    loop home;            // destroyed before the objects that its connections refer to
    acceptor_type holder; // bound but never listening: reserves the port while connections are refused
    std::shared_ptr<acceptor_type> acceptor;
    std::thread thread;
};

fault_proxy::fault_proxy(std::uint16_t upstream_port, std::string upstream_address)
    : impl_(std::make_unique<impl>(upstream_port, upstream_address)) {}

fault_proxy::~fault_proxy() = default;

std::uint16_t fault_proxy::port() const noexcept { return impl_->holder.local_endpoint().port(); }

std::string fault_proxy::base_url() const { return "http://127.0.0.1:" + std::to_string(port()); }

void fault_proxy::set(direction where, fault what) {
    impl_->on_loop([&] { impl_->set(where, what); });
}

void fault_proxy::set(fault what) {
    impl_->on_loop([&] {
        impl_->set(direction::to_upstream, what);
        impl_->set(direction::to_client, what);
    });
}

void fault_proxy::refuse() {
    impl_->on_loop([&] { impl_->acceptor->close(); });
}

void fault_proxy::heal() {
    set(fault());
    impl_->on_loop([&] {
        if (!impl_->acceptor->is_open()) impl_->listen();
    });
}

void fault_proxy::reset_all() {
    impl_->on_loop([&] { impl_->each_link([](fault_link& link) { link.reset(); }); });
}

fault_proxy_stats fault_proxy::stats() const { return impl_->board.figures(); }

bool fault_proxy::wait_until(std::function<bool(const fault_proxy_stats&)> holds, duration limit) const {
    return impl_->board.wait_until(holds, limit);
}

} // namespace weir::testing
