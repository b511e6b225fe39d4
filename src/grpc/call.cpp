#include "grpc/call.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "grpc/status.hpp"
#include "http/reply_size.hpp"
#include "net/tls.hpp"
#include "wire/decode.hpp"
#include "wire/repeated_headers.hpp"
#include "wire/version.hpp"

#include <a2akit/request/middleware.hpp>

#include <grpc/grpc_security_constants.h>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit::rpc {
namespace {

constexpr auto kRetryAfter = std::chrono::seconds(1);
constexpr std::string_view kDefaultChallenge = "Bearer realm=\"a2a\"";

/// The address in "ipv4:127.0.0.1:4711" or "ipv6:%5B::1%5D:4711".
std::string address_of(std::string_view peer) {
    const std::size_t scheme = peer.find(':');
    peer.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 1);
    peer = peer.substr(0, peer.rfind(':'));
    if (peer.starts_with("%5B") && peer.ends_with("%5D"))
        peer = peer.substr(3, peer.size() - 6);
    else if (peer.starts_with('[') && peer.ends_with(']'))
        peer = peer.substr(1, peer.size() - 2);
    return std::string(peer);
}

/// The name in the verified certificate of the client; empty without one.
std::string client_name(const ::grpc::AuthContext& peer) {
    if (!peer.IsPeerAuthenticated()) return {};
    const auto certificates = peer.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
    if (certificates.size() != 1) return {};
    return net::certificate_name(
        std::string_view(certificates.front().data(), certificates.front().size()));
}

std::optional<Error> over_rate(const Door& door, const std::string& address) {
    const security::Gate* const gate = door.options.gate.get();
    if (gate == nullptr) return std::nullopt;
    const auto wait = gate->over_rate(address, std::chrono::steady_clock::now());
    if (!wait) return std::nullopt;
    Error::Details details;
    details.retry_after = *wait;
    return Error{ErrorCode::kResourceExhausted, "this address calls too often; try again later",
                 nullptr}
        .with(std::move(details));
}

/// Each service is in the form of one version, whatever the metadata says.
Result<void> check_version(std::string_view requested, wire::Version version,
                           const wire::Versions& served) {
    const auto chosen = wire::choose_version(requested, version == wire::Version::k0_3, served);
    if (!chosen) return fail(chosen.error());
    if (*chosen == version) return {};
    Error::Details details;
    details.metadata.emplace_back("requestedVersion", requested);
    const bool v1_0 = version == wire::Version::k1_0;
    return fail(
        Error{ErrorCode::kVersionNotSupported,
              v1_0 ? "a2a-version: the service lf.a2a.v1.A2AService is that of protocol 1.0; call "
                     "a2a.v1.A2AService for 0.3"
                   : "a2a-version: the service a2a.v1.A2AService is that of protocol 0.3; call "
                     "lf.a2a.v1.A2AService for 1.0",
              nullptr}
            .with(std::move(details)));
}

/// How a stream ends that has sent all there was.
::grpc::Status status_of(const EventStream::Batch& last) {
    if (last.end == EventStream::End::kDraining) {
        return to_status(
            Error::unavailable("the server is stopping; subscribe to the task again", kRetryAfter));
    }
    if (last.end != EventStream::End::kFailed) return ::grpc::Status::OK;
    return to_status(
        last.error.value_or(Error{ErrorCode::kInternal, "the stream failed", nullptr}));
}

/// Says so when the service of the other version would take the message of a send.
void name_other_version(::grpc::ByteBuffer& message, const Method& method, Error& error) {
    const bool send = method.operation == Operation::kSendMessage ||
                      method.operation == Operation::kSendStreamingMessage;
    if (!send || error.code != ErrorCode::kInvalidParams) return;
    const bool v1_0 = method.version == wire::Version::k1_0;
    OperationParams params;
    Violations wrong;
    const Method& other = v1_0 ? methods_0_3().front() : methods_1_0().front();
    if (!other.read(message, params, wrong) || !wrong.empty()) return;
    error.message += v1_0 ? "; this is how protocol 0.3 writes a message: call a2a.v1.A2AService"
                          : "; this is how protocol 1.0 writes a message: call "
                            "lf.a2a.v1.A2AService";
}

::grpc::Status client_has_left() { return {::grpc::StatusCode::CANCELLED, "the client has left"}; }

}  // namespace

Call::Start::Start(Call& c) noexcept
    : Work([](Work& w) noexcept {
          Call& call = static_cast<Start&>(w).call;
          call.lane_.calls.spawn(call.run());
      }),
      call(c) {}

Call::Wake::Wake(Call& c) noexcept
    : Work([](Work& w) noexcept {
          Call& call = static_cast<Wake&>(w).call;
          if (call.events_) call.events_->wake();
          call.release();
      }),
      call(c) {}

Call::Call(Door& door, ::grpc::CallbackServerContext& context, const Method& method) noexcept
    : door_(door),
      context_(context),
      method_(method),
      lane_(door.next_lane()),
      request_share_(door.load.requests()),
      answer_share_(door.load.responses()) {
    envelope_.operation = method.operation;
    envelope_.version = method.version;
}

void Call::release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

// -- Until the operation begins, on threads of gRPC

Call* Call::begin(Door& door, ::grpc::CallbackServerContext& context, const Method& method) {
    auto* const call = new Call(door, context, method);
    call->wait_for_message();
    return call;
}

void Call::wait_for_message() noexcept {
    try {
        if (const auto admitted = admit(); !admitted) return refuse(admitted.error());
    } catch (const std::exception& e) {
        log::error("a gRPC call cannot begin error={}", quoted(e.what()));
        return refuse({ErrorCode::kInternal, "the request failed inside the server", nullptr});
    }
    reading_ = true;
    lane_.unsent.add(*this, lane_.loop.now());
    StartRead(&message_);
}

Result<void> Call::admit() {
    if (!door_.serving) return fail(Error::unavailable("the server is starting", kRetryAfter));
    permit_ = door_.load.take_call(method_.operation);
    if (!permit_) return fail(Load::at_limit(method_.operation));
    read_metadata();
    if (auto refused = over_rate(door_, envelope_.context.remote_address))
        return fail(std::move(*refused));
    wire::RequestHead head;
    head.headers = &envelope_.context.headers;
    if (auto contradiction = wire::settle_repeated_headers(head))
        return fail(std::move(*contradiction));
    const std::string requested = wire::requested_version(head.header("a2a-version"), {});
    if (auto checked = check_version(requested, method_.version, door_.options.versions); !checked)
        return checked;
    auto parameters = wire::read_service_parameters(head, {});
    if (!parameters) return fail(std::move(parameters.error()));
    parameters_ = std::move(*parameters);
    return {};
}

void Call::read_metadata() {
    auto& headers = envelope_.context.headers;
    const auto& metadata = context_.client_metadata();
    headers.reserve(metadata.size());
    for (const auto& [name, value] : metadata) {
        headers.emplace_back(std::string(name.data(), name.size()),
                             std::string(value.data(), value.size()));
    }
    envelope_.context.remote_address = address_of(context_.peer());
    if (const security::Gate* const gate = door_.options.gate.get()) {
        envelope_.context.remote_address = gate->caller(envelope_.context.remote_address, headers);
    }
    if (door_.options.tls == nullptr) return;
    if (std::string name = client_name(*context_.auth_context()); !name.empty()) {
        envelope_.context.values.emplace(kClientCertificate, std::move(name));
    }
}

void Call::OnReadDone(bool ok) {
    lane_.unsent.remove(*this);
    if (!std::exchange(reading_, false)) return;  // given up
    if (ok) return take_message();
    end(context_.IsCancelled()
            ? client_has_left()
            : to_status({ErrorCode::kInvalidParams, "the call ended without a message", nullptr}));
}

void Call::take_message() noexcept {
    try {
        if (const auto read = read_message(); !read) return refuse(read.error());
    } catch (const std::exception& e) {
        log::error("a gRPC call cannot begin error={}", quoted(e.what()));
        return refuse({ErrorCode::kInternal, "the request failed inside the server", nullptr});
    }
    retain();
    lane_.loop.post(start_);
}

Result<void> Call::read_message() {
    if (!request_share_.grow_to(message_.Length()))
        return fail(Load::at_limit("bytes of requests"));
    Violations wrong;
    Result<void> read{};
    if (method_.read(message_, envelope_.params, wrong)) {
        envelope_.client = &client_;
        read = wire::complete({}, parameters_, std::move(wrong), envelope_);
    } else {
        read = fail(Error{ErrorCode::kInvalidParams,
                          "the bytes are not the message that this method takes", nullptr});
    }
    if (!read) name_other_version(message_, method_, read.error());
    message_.Clear();
    return read;
}

// -- The operation, on the loop

Async<void> Call::run() {
    Async<void> handling = handle();
    try {
        co_await std::move(handling);
    } catch (const std::exception& e) {
        log::error("a gRPC call failed error={}", quoted(e.what()));
    } catch (...) {
        log::error("a gRPC call failed error=\"an unknown exception\"");
    }
    if (!ended_) refuse({ErrorCode::kInternal, "the request failed inside the server", nullptr});
    client_.answered();
    {
        const Async<void> ended = std::move(handling);
    }
    release();
}

Async<void> Call::handle() {
    HandledRequest handled;
    Async<void> answering = door_.site.handler().answer(envelope_, handled);
    co_await std::move(answering);
    envelope_ = {};  // A stream may stay open for hours.
    if (!handled.activated_extensions.empty()) {
        std::string list;
        for (const std::string& uri : handled.activated_extensions)
            list += (list.empty() ? "" : ", ") + uri;
        const bool v1_0 = method_.version == wire::Version::k1_0;
        context_.AddTrailingMetadata(v1_0 ? "a2a-extensions" : "x-a2a-extensions", list);
    }
    if (!handled.reply) {
        refuse(handled.reply.error());
    } else if (method_.write != nullptr) {
        answer_once(*handled.reply);
    } else {
        auto& events = std::get<std::unique_ptr<EventStream>>(*handled.reply);
        Async<void> streaming = answer_by_events(std::move(events));
        co_await std::move(streaming);
    }
}

void Call::answer_once(const Reply& reply) {
    if (!answer_share_.grow_to(http::content_size(reply)))
        return end(to_status(Load::response_unsent()));
    message_ = method_.write(reply);
    ended_ = true;
    lane_.untaken.add(*this, lane_.loop.now());
    StartWriteAndFinish(&message_, {}, ::grpc::Status::OK);
}

Async<void> Call::answer_by_events(std::unique_ptr<EventStream> events) {
    events_ = std::move(events);
    // By itself: gRPC would keep it, and wait for it, together with a first event that others
    // follow at once. Besides, the client learns that it is subscribed before the first event.
    StartSendInitialMetadata();
    for (;;) {
        Async<EventStream::Batch> pending = events_->next();
        EventStream::Batch batch = co_await std::move(pending);
        for (std::size_t next = 0; next < batch.items.size() && !failed_ && !client_.gone();) {
            if (!fill_pieces(batch, next)) {
                events_.reset();
                co_return end(to_status(Load::response_unsent()));
            }
            co_await send_pieces();
        }
        // Once only: the client may leave right behind the last answer.
        const bool has_left = failed_ || client_.gone();
        if (!has_left && batch.end == EventStream::End::kMore) continue;
        events_.reset();
        co_return end(has_left ? client_has_left() : status_of(batch));
    }
}

/// Converts a piece of the batch. False: there is no room for it.
bool Call::fill_pieces(EventStream::Batch& batch, std::size_t& next) {
    pieces_.clear();
    std::size_t bytes = 0;
    do {
        StreamItem& item = batch.items[next];
        bytes += http::content_size(item);
        if (!answer_share_.grow_to(bytes)) return false;
        pieces_.push_back(method_.write_event(item.response));
        item = {};
        ++next;
    } while (next < batch.items.size() && bytes < kPiece);
    return true;
}

/// Returns when the client's window has taken the pieces, or the client has been given up.
Async<void> Call::send_pieces() {
    sent_.reset();
    at_ = 0;
    StartWrite(&pieces_.front(), options_of_piece());
    if (!co_await sent_.wait_until(lane_.loop.now() + door_.options.write_timeout)) {
        context_.TryCancel();
        co_await sent_.wait();
    }
    answer_share_.release();
}

// Those behind it follow at once: they need not leave one by one.
::grpc::WriteOptions Call::options_of_piece() const {
    ::grpc::WriteOptions options;
    if (at_ + 1 < pieces_.size()) options.set_buffer_hint();
    return options;
}

void Call::OnWriteDone(bool ok) {
    if (ok && ++at_ < pieces_.size()) return StartWrite(&pieces_[at_], options_of_piece());
    failed_ = !ok;
    sent_.set();
}

// -- Its end

void Call::refuse(const Error& error) {
    const bool named = error.details != nullptr && !error.details->challenge.empty();
    // A caller without permission is told which scope it lacks (RFC 6750, section 3.1).
    if (error.code == ErrorCode::kUnauthenticated ||
        (named && error.code == ErrorCode::kPermissionDenied)) {
        context_.AddTrailingMetadata(
            "www-authenticate", named ? error.details->challenge : std::string(kDefaultChallenge));
    }
    end(to_status(error));
}

void Call::end(::grpc::Status status) {
    ended_ = true;
    lane_.untaken.add(*this, lane_.loop.now());
    Finish(std::move(status));
}

void Call::give_up() noexcept {
    if (!std::exchange(reading_, false)) return context_.TryCancel();
    end({::grpc::StatusCode::DEADLINE_EXCEEDED, "the message did not arrive in time"});
}

void Call::OnCancel() {
    client_.leave();
    retain();
    lane_.loop.post(wake_);
}

void Call::OnDone() {
    lane_.untaken.remove(*this);
    release();
}

}  // namespace a2akit::rpc
