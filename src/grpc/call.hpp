#pragma once

#include "grpc/method.hpp"
#include "grpc/waiting_calls.hpp"
#include "http/loop_state.hpp"
#include "http/site.hpp"
#include "runtime/limits/load.hpp"
#include "wire/service_parameters.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/request/client_presence.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <memory>
#include <vector>

namespace a2akit::rpc {

/// The calls of one loop.
struct Lane {
    explicit Lane(Loop& l) noexcept : loop(l) {}
    Loop& loop;
    TaskGroup calls;       ///< On the loop.
    WaitingCalls unsent;   ///< Whose messages have not arrived.
    WaitingCalls untaken;  ///< Whose last answers have not been taken.
    Signal stopping;       ///< Ends the coroutine that looks after these two.
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

/// One call, from its metadata to its status. It takes its permit before its message is read. gRPC
/// calls it on threads of its own; the operation runs on a loop of the server, and so does what
/// answers it.
///
/// It ends when neither gRPC, until it has said that the call is done, nor the coroutine of the
/// operation, nor posted work refers to it.
class Call final : public ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>,
                   public WaitingCalls::Entry {
public:
    /// Waits for the message of a call that has arrived, or refuses the call. On a thread of gRPC,
    /// which is given the call. REQUIRES: `method` outlives it.
    [[nodiscard]] static Call* begin(Door& door, ::grpc::CallbackServerContext& context,
                                     const Method& method);

private:
    struct Start : Work {
        explicit Start(Call& c) noexcept;
        Call& call;
    };
    struct Wake : Work {
        explicit Wake(Call& c) noexcept;
        Call& call;
    };
    // This many bytes of a batch of events are converted before the first of them is sent.
    static constexpr std::size_t kPiece = std::size_t{64} * 1024;

    Call(Door& door, ::grpc::CallbackServerContext& context, const Method& method) noexcept;
    ~Call() override = default;

    void wait_for_message() noexcept;
    Result<void> admit();
    void read_metadata();
    void take_message() noexcept;
    Result<void> read_message();

    Async<void> run();
    Async<void> handle();
    void answer_once(const Reply& reply);
    Async<void> answer_by_events(std::unique_ptr<EventStream> events);
    bool fill_pieces(EventStream::Batch& batch, std::size_t& next);
    Async<void> send_pieces();
    [[nodiscard]] ::grpc::WriteOptions options_of_piece() const;

    void refuse(const Error& error);
    void end(::grpc::Status status);
    void give_up() noexcept override;
    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override;
    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    Door& door_;
    ::grpc::CallbackServerContext& context_;
    const Method& method_;
    Lane& lane_;
    RequestEnvelope envelope_;
    wire::ServiceParameters parameters_;
    ClientPresence client_;
    Permit permit_;
    ByteShare request_share_;
    ByteShare answer_share_;
    std::atomic<int> references_{1};
    bool reading_ = false;  ///< Until the message has arrived, or has been given up.
    bool ended_ = false;
    ::grpc::ByteBuffer message_;  ///< First the request, then the answer.
    std::unique_ptr<EventStream> events_;
    std::vector<::grpc::ByteBuffer> pieces_;  ///< While they are sent, of gRPC's threads.
    std::size_t at_ = 0;
    bool failed_ = false;
    Signal sent_;
    Start start_{*this};
    Wake wake_{*this};
};

}  // namespace a2akit::rpc
