// SPDX-License-Identifier: MIT
#pragma once

#include "mqtt/subscription.hpp"
#include "mqtt/wire.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::mqtt::detail {

/// Validates the options; throws std::invalid_argument naming the first bad one. Fills in the client id.
client_options checked(client_options given);
result<void> check_subscription(const subscription_options& options);

/// A client's state. Callers on any loop leave messages and commands under the mutex; the loop of the connection, its
/// home, does everything else. Its tasks keep it alive.
class client_core : public std::enable_shared_from_this<client_core> {
public:
    explicit client_core(client_options options);
    client_core(const client_core&) = delete;
    client_core& operator=(const client_core&) = delete;

    // On any loop. The tasks keep `self` until they end.
    using pointer = std::shared_ptr<client_core>;
    static task<result<void>> connect(pointer self);
    static task<result<void>> publish(pointer self, std::shared_ptr<pending_publish> one);
    static task<result<void>> subscribe(pointer self, std::shared_ptr<subscription> one);
    static task<result<void>> unsubscribe(pointer self, std::string filter);
    static task<result<void>> close(pointer self);
    /// Ends the client without a farewell.
    void abandon() noexcept;

    client_stats stats() const;
    const client_options& options() const noexcept { return options_; }

private:
    class seat;
    class home_guard;
    using ending = weir::detail::remote_wait::ending;
    struct command {
        std::shared_ptr<pending> answer{}; // null: no caller waits
        std::function<void(client_core&)> run{};
    };

    // Any thread.
    result<void> accept(const std::shared_ptr<pending_publish>& one);
    error leave_publish(pending_publish& one, ending how);
    void begin_connect(loop& home, const std::shared_ptr<pending>& answer);
    result<void> tell_home(command what);
    bool wake_home() noexcept;
    void complete(pending& one, const error& why) noexcept;
    void end_publish(pending_publish& one, const error& why) noexcept;
    void release(pending_publish& one) noexcept;
    static error leave(const pending& one, ending how, bool sent);
    template<class Number>
    void count(Number client_stats::*what) noexcept {
        const std::lock_guard held(mutex_);
        ++(counts_.*what);
    }

    // Home: the connection.
    static task<void> run(pointer self);
    bool begin_again() noexcept;
    task<void> keep_connected();
    task<void> connect_once(std::size_t server, std::string& buffer, duration& pause);
    task<result<void>> establish(const server_address& to, std::string& buffer);
    task<result<void>> open(const server_address& to, std::string& buffer);
    task<error> talk(std::string& buffer);
    task<result<void>> take_packets();
    task<result<void>> read_some(std::string& buffer);
    std::string connect_packet() const;
    result<void> greet(const packet& one);
    void connected();
    void connect_failed(const error& why);
    void disconnected(const error& why);
    void keep_alive();
    void schedule_keep_alive();
    void flush();
    void written(std::uint64_t connection, const error& why);
    void pump();
    std::shared_ptr<pending_publish> next_message();
    void send(const std::shared_ptr<pending_publish>& one);
    void run_commands() noexcept;
    std::list<command> next_command() noexcept;
    void report(client_event::what kind, std::string_view topic, const error& why) noexcept;
    void fail_connection() noexcept;

    // Home: subscriptions.
    void add(const std::shared_ptr<subscription>& one);
    void remove(const std::string& filter, const std::shared_ptr<pending>& answer);
    void drop(subscription& one);
    void send_subscribe(const std::shared_ptr<subscription>& one);
    void send_unsubscribe(const std::string& filter);
    void answered(const std::shared_ptr<subscription>& one, std::uint8_t code);
    void deliver(incoming& one);
    void deliver_to_all(const std::shared_ptr<shared_incoming>& one);
    void deliver_to(subscription& to, const std::shared_ptr<shared_incoming>& one);
    bool accepts(const subscription& to, const message& one) const noexcept;
    task<result<void>> wait_for_room();
    static task<void> consume(pointer self, std::shared_ptr<subscription> from);
    task<bool> handle(subscription& by, shared_incoming& one);
    task<result<void>> call(const subscription& by, message& one);
    void done(shared_incoming& one);

    // Home: the end.
    void begin_close(const std::shared_ptr<pending>& answer);
    bool is_idle() const;
    void try_close();
    void finish(const error& why) noexcept;
    void end_all(const error& why) noexcept;

    const client_options options_;
    std::vector<server_address> servers_{};
    const error closed_failure_; // made before memory can run out

    mutable std::mutex mutex_; // guards the following members
    loop* home_ = nullptr;     // null before connect(), and after the loop's end
    std::shared_ptr<weir::detail::outside_work> outside_{};
    std::list<command> commands_{};
    std::list<std::shared_ptr<pending_publish>> waiting_{};
    std::vector<std::shared_ptr<pending>> connecting_{};
    client_stats counts_{};
    bool woken_ = false; // a turn of the home loop will look at the commands and messages
    bool closed_ = false;
    bool finished_ = false;

    // Home.
    session session_;
    background runner_{};
    std::shared_ptr<wire> wire_{};
    packet_reader packets_;
    std::string out_{}; // not yet passed to the wire
    bool up_ = false;   // the broker has accepted the connection
    bool writing_ = false;
    std::uint64_t connection_ = 0;
    std::vector<std::shared_ptr<pending_publish>> unsent_{};  // QoS 0 messages in out_
    std::vector<std::shared_ptr<pending_publish>> sending_{}; // QoS 0 messages being written
    std::map<std::string, std::shared_ptr<subscription>> subscriptions_{};
    std::map<std::string, std::shared_ptr<pending>> leaving_{}; // filters that the broker has to forget
    std::string unused_{};                                      // receives packets that can't be sent
    bool resumed_ = false;                                      // the broker has kept the session
    std::size_t held_bytes_ = 0;                                // of received messages that aren't dealt with
    bool paused_ = false;                                       // too many of them stop the reading
    channel<bool> room_{1};                                     // ends the pause
    bool heard_ = false;                                        // since the last PINGREQ
    bool pinged_ = false;
    std::optional<loop::timer_id> alarm_{};
    std::string server_{}; // of the present connection or attempt
    bool closing_ = false;
    bool farewell_ = false; // DISCONNECT is in out_
    std::vector<std::shared_ptr<pending>> closers_{};
};

} // namespace weir::mqtt::detail
