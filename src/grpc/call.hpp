#pragma once

#include "grpc/status.hpp"
#include "grpc/untaken_answers.hpp"
#include "grpc/values.hpp"
#include "http/reply_size.hpp"
#include "http/shard.hpp"
#include "http/site.hpp"
#include "runtime/limits/load.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/request/client_presence.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace a2akit::rpc {

/// The calls of one loop.
struct Lane {
    explicit Lane(Loop& l) noexcept : loop(l) {}
    Loop& loop;
    TaskGroup calls;  ///< On the loop.
    UntakenAnswers untaken;
    Signal stopping;  ///< Ends the coroutine that looks after `untaken`.
};

/// What all calls of a server share.
struct Door {
    Door(http::Site& s, Load& l, const http::Options& o) noexcept : site(s), load(l), options(o) {}

    /// One lane after the other. From any thread.
    [[nodiscard]] Lane& next_lane() noexcept {
        return *lanes[next.fetch_add(1, std::memory_order_relaxed) % lanes.size()];
    }

    http::Site& site;
    Load& load;
    const http::Options& options;
    std::vector<std::unique_ptr<Lane>> lanes;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> serving{false};
};

/// One call, from its message to its status. gRPC calls it on threads of its own; the operation
/// runs on a loop of the server, and so does what answers it.
///
/// Ends when nobody refers to it: neither gRPC, until it has said that it is done, nor the
/// coroutine of the operation, nor work that is posted.
class Call : public UntakenAnswers::Entry {
public:
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// Begins the operation, or refuses it. `wrong`: what could not be read of the parameters;
    /// `bytes`: the size of the message. On a thread of gRPC, once.
    void begin(OperationParams params, Violations wrong, std::size_t bytes) noexcept;

protected:
    Call(Door& door, ::grpc::CallbackServerContext& context, Operation operation,
         wire::Version version) noexcept;
    virtual ~Call() = default;

    /// Sends what the operation has brought, and ends with `finish`. On the loop. `handled.reply`
    /// is no error.
    virtual Async<void> answer(HandledRequest& handled) = 0;
    /// Ends the call. Called once.
    virtual void finish(::grpc::Status status) = 0;
    /// Makes a coroutine that waits for events see that the client has gone. On the loop.
    virtual void wake() noexcept {}

    void end(::grpc::Status status);
    /// gRPC says that nobody waits for the answer any more.
    void client_left() noexcept;
    /// gRPC says that the call is over. It does not use the call afterwards.
    void done() noexcept;
    /// Ends the call of a client that does not read. From any thread, before `done`; gRPC calls
    /// `done` on a thread of its own.
    void cancel() noexcept override { context_.TryCancel(); }
    [[nodiscard]] SteadyTime write_deadline() const noexcept {
        return lane_.loop.now() + door_.options.write_timeout;
    }
    /// False: there is no room for so many bytes.
    [[nodiscard]] bool hold_answer(std::size_t bytes) noexcept {
        return answer_share_.grow_to(bytes);
    }
    void release_answer() noexcept { answer_share_.release(); }
    [[nodiscard]] bool gone() const noexcept { return client_.gone(); }

private:
    struct Start : Work {
        explicit Start(Call& c) noexcept;
        Call& call;
    };
    struct Wake : Work {
        explicit Wake(Call& c) noexcept;
        Call& call;
    };

    Result<void> prepare(OperationParams params, Violations wrong, std::size_t bytes);
    void read_metadata();
    Async<void> run();
    Async<void> handle();
    void refuse(const Error& error);
    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    Door& door_;
    ::grpc::CallbackServerContext& context_;
    const wire::Version version_;
    Lane& lane_;
    RequestEnvelope envelope_;
    ClientPresence client_;
    Permit permit_;
    ByteShare request_share_;
    ByteShare answer_share_;
    std::atomic<int> references_{1};
    bool ended_ = false;
    Start start_{*this};
    Wake wake_{*this};
};

/// How a stream ends that has sent all there was.
[[nodiscard]] ::grpc::Status status_of(const EventStream::Batch& last);

/// A call with one answer, which `Form::write` makes of the reply.
template <class Answer, class Form>
class UnaryCall final : public Call, public ::grpc::ServerUnaryReactor {
public:
    UnaryCall(Door& door, ::grpc::CallbackServerContext& context, Operation operation,
              wire::Version version, Answer& out) noexcept
        : Call(door, context, operation, version), out_(out) {}

private:
    Async<void> answer(HandledRequest& handled) override {
        if (!hold_answer(http::content_size(*handled.reply))) {
            end(to_status(Load::response_unsent()));
            return {};
        }
        Form::write(*handled.reply, out_);
        end(::grpc::Status::OK);
        return {};
    }
    void finish(::grpc::Status status) override { Finish(std::move(status)); }
    void OnCancel() override { client_left(); }
    void OnDone() override { done(); }

    Answer& out_;
};

/// A call that is answered by the events of a task, likewise.
template <class Event, class Form>
class StreamCall final : public Call, public ::grpc::ServerWriteReactor<Event> {
public:
    StreamCall(Door& door, ::grpc::CallbackServerContext& context, Operation operation,
               wire::Version version) noexcept
        : Call(door, context, operation, version) {}

private:
    // So many bytes of a batch are converted before the first of them is sent.
    static constexpr std::size_t kPiece = std::size_t{64} * 1024;

    Async<void> answer(HandledRequest& handled) override {
        events_ = std::move(std::get<std::unique_ptr<EventStream>>(*handled.reply));
        // By itself: gRPC would keep it, and wait for it, together with a first event that others
        // follow at once. Besides, the client learns that it is subscribed before the first event.
        this->StartSendInitialMetadata();
        for (;;) {
            Async<EventStream::Batch> pending = events_->next();
            EventStream::Batch batch = co_await std::move(pending);
            if (gone()) break;
            for (std::size_t next = 0; next < batch.items.size() && !failed_ && !gone();) {
                if (!fill(batch, next)) co_return end_at_limit();
                co_await send();
            }
            if (failed_ || gone()) break;
            if (batch.end != EventStream::End::kMore) {
                end(status_of(batch));
                break;
            }
        }
        events_.reset();
        if (failed_ || gone())
            end(::grpc::Status(::grpc::StatusCode::CANCELLED, "the client has left"));
    }

    /// Converts a piece of the batch. False: there is no room for it.
    bool fill(EventStream::Batch& batch, std::size_t& next) {
        pieces_.clear();
        std::size_t bytes = 0;
        do {
            StreamItem& item = batch.items[next];
            bytes += http::content_size(item);
            if (!hold_answer(bytes)) return false;
            Form::write(item.response, pieces_.emplace_back());
            item = {};
            ++next;
        } while (next < batch.items.size() && bytes < kPiece);
        return true;
    }
    /// Returns when the client's window has taken the piece, or the client has been given up.
    Async<void> send() {
        sent_.reset();
        at_ = 0;
        this->StartWrite(&pieces_.front(), options());
        if (!co_await sent_.wait_until(write_deadline())) {
            cancel();
            co_await sent_.wait();
        }
        release_answer();
    }
    // Those behind it follow at once: they need not leave one by one.
    [[nodiscard]] ::grpc::WriteOptions options() const {
        ::grpc::WriteOptions options;
        if (at_ + 1 < pieces_.size()) options.set_buffer_hint();
        return options;
    }
    void OnWriteDone(bool ok) override {
        if (ok && ++at_ < pieces_.size()) return this->StartWrite(&pieces_[at_], options());
        failed_ = !ok;
        sent_.set();
    }

    void end_at_limit() {
        events_.reset();
        end(to_status(Load::response_unsent()));
    }
    void wake() noexcept override {
        if (events_) events_->wake();
    }
    void finish(::grpc::Status status) override { this->Finish(std::move(status)); }
    void OnCancel() override { client_left(); }
    void OnDone() override { done(); }

    std::unique_ptr<EventStream> events_;
    std::vector<Event> pieces_;  ///< While they are sent, of the thread of gRPC that sends them.
    std::size_t at_ = 0;
    bool failed_ = false;
    Signal sent_;
};

}  // namespace a2akit::rpc
