// SPDX-License-Identifier: MIT
#include <weir/redis/pipeline.hpp>

#include <string>

namespace weir::redis {

namespace {

const std::string multi(command("MULTI").encoded());
const std::string exec(command("EXEC").encoded());

} // namespace

transaction& transaction::add(const command& one) {
    if (count_ == 0) key_ = one.argument(1);
    bytes_.append(one.encoded());
    ++count_;
    return *this;
}

std::string transaction::encoded() const { return multi + bytes_ + exec; }

namespace detail {

namespace {

/// A reply as it is, an error too.
class kept_reply final : public call {
public:
    void accept(reply_view one) override { value_ = reply(one); }

    result<reply> take() {
        if (failure) return std::move(failure);
        return std::move(value_);
    }

private:
    reply value_{};
};

/// The replies from MULTI to EXEC.
class transaction_call final : public call {
public:
    explicit transaction_call(std::size_t commands) { replies = static_cast<std::uint32_t>(commands + 2); }

    void accept(reply_view one) override {
        ++seen_;
        if (one.kind() == reply_kind::error && !refused_) refused_ = error_of(one.text());
        if (seen_ < replies) return;
        if (one.kind() == reply_kind::array)
            for (const reply_view each : one) results_.emplace_back(each);
        else if (one.is_nil())
            failure = error(errc::conflict, "a watched key has changed").with_code("watched_key_changed");
        else
            failure = one.kind() == reply_kind::error
                          ? error_of(one.text()).caused_by(refused_)
                          : unexpected_reply(one, "an array");
    }

    result<std::vector<reply>> take() {
        if (failure) return std::move(failure);
        return std::move(results_);
    }

private:
    std::uint32_t seen_ = 0;
    error refused_{};
    std::vector<reply> results_{};
};

} // namespace

task<result<std::vector<reply>>> run_pipeline(shared_target to, pipeline all) {
    std::vector<kept_reply> calls(all.size());
    std::vector<call*> pointers;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        prepare(calls[i], all.commands()[i]);
        pointers.push_back(&calls[i]);
    }
    const executor here = co_await this_task;
    calling wait(*to, here.context().loop(), pointers);
    co_await std::move(wait);
    std::vector<reply> replies;
    for (auto& one : calls) {
        auto each = one.take();
        if (!each) co_return each.error();
        replies.push_back(std::move(*each));
    }
    co_return replies;
}

namespace {

task<result<std::vector<reply>>> run_once(shared_target to, const transaction& all) {
    const std::string bytes = all.encoded();
    transaction_call one(all.size());
    one.bytes = bytes;
    one.key = all.key();
    call* const pointers[]{&one};
    const executor here = co_await this_task;
    calling wait(*to, here.context().loop(), pointers);
    co_await std::move(wait);
    co_return one.take();
}

// Whether the keys are on another node of the cluster; nothing has run.
bool moved(const error& failed) {
    const std::string_view why = failed.cause().code();
    return failed.code() == "execabort" && (why == "moved" || why == "ask" || why == "tryagain");
}

} // namespace

task<result<std::vector<reply>>> run_transaction(shared_target to, transaction all) {
    constexpr int runs = 3;
    for (int run = 1;; ++run) {
        auto done = co_await run_once(to, all);
        if (done || run == runs || !moved(done.error())) co_return done;
        auto found = co_await perform<reply>(to, command("EXISTS", all.key())); // follows the key
        if (!found) co_return done;
    }
}

error wrong_size(std::size_t commands, std::size_t types) {
    return {errc::invalid_argument, "a pipeline of " + std::to_string(commands) + " commands was run for " +
                                        std::to_string(types) + " results"};
}

} // namespace detail

} // namespace weir::redis
