#include "grpc/call.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "net/tls.hpp"
#include "wire/decode.hpp"
#include "wire/repeated_headers.hpp"
#include "wire/service_parameters.hpp"
#include "wire/version.hpp"

#include <a2akit/request/middleware.hpp>

#include <grpc/grpc_security_constants.h>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace

::grpc::Status status_of(const EventStream::Batch& last) {
    if (last.end == EventStream::End::kDraining) {
        return to_status(
            Error::unavailable("the server is stopping; subscribe to the task again", kRetryAfter));
    }
    if (last.end != EventStream::End::kFailed) return ::grpc::Status::OK;
    return to_status(
        last.error.value_or(Error{ErrorCode::kInternal, "the stream failed", nullptr}));
}

Call::Start::Start(Call& c) noexcept
    : Work([](Work& w) noexcept {
          Call& call = static_cast<Start&>(w).call;
          call.lane_.calls.spawn(call.run());
      }),
      call(c) {}

Call::Wake::Wake(Call& c) noexcept
    : Work([](Work& w) noexcept {
          Call& call = static_cast<Wake&>(w).call;
          call.wake();
          call.release();
      }),
      call(c) {}

Call::Call(Door& door, ::grpc::CallbackServerContext& context, Operation operation,
           wire::Version version) noexcept
    : door_(door),
      context_(context),
      version_(version),
      lane_(door.next_lane()),
      request_share_(door.load.requests()),
      answer_share_(door.load.responses()) {
    envelope_.operation = operation;
    envelope_.version = version;
}

void Call::release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void Call::begin(OperationParams params, Violations wrong, std::size_t bytes) noexcept {
    try {
        if (const auto prepared = prepare(std::move(params), std::move(wrong), bytes); !prepared) {
            return refuse(prepared.error());
        }
    } catch (const std::exception& e) {
        log::error("a gRPC call cannot begin error={}", quoted(e.what()));
        return refuse({ErrorCode::kInternal, "the request failed inside the server", nullptr});
    }
    retain();
    lane_.loop.post(start_);
}

void Call::refuse(const Error& error) {
    if (error.code == ErrorCode::kUnauthenticated) {
        const bool named = error.details != nullptr && !error.details->challenge.empty();
        context_.AddTrailingMetadata(
            "www-authenticate", named ? error.details->challenge : std::string(kDefaultChallenge));
    }
    end(to_status(error));
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
    if (std::string name = client_name(*context_.auth_context()); !name.empty()) {
        envelope_.context.values.emplace(kClientCertificate, std::move(name));
    }
}

Result<void> Call::prepare(OperationParams params, Violations wrong, std::size_t bytes) {
    if (!door_.serving) return fail(Error::unavailable("the server is starting", kRetryAfter));
    permit_ = door_.load.take_call(envelope_.operation);
    if (!permit_) return fail(Load::at_limit(envelope_.operation));
    if (!request_share_.grow_to(bytes)) return fail(Load::at_limit("bytes of requests"));
    read_metadata();
    if (auto refused = over_rate(door_, envelope_.context.remote_address))
        return fail(std::move(*refused));
    wire::RequestHead head;
    head.headers = &envelope_.context.headers;
    if (auto contradiction = wire::settle_repeated_headers(head))
        return fail(std::move(*contradiction));
    const std::string requested = wire::requested_version(head.header("a2a-version"), {});
    if (auto checked = check_version(requested, version_, door_.options.versions); !checked)
        return checked;
    auto parameters = wire::read_service_parameters(head, {});
    if (!parameters) return fail(std::move(parameters.error()));
    envelope_.params = std::move(params);
    envelope_.client = &client_;
    return wire::complete({}, *parameters, std::move(wrong), envelope_);
}

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
    Async<HandledRequest> pending = door_.site.handler().handle(std::move(envelope_));
    HandledRequest handled = co_await std::move(pending);
    if (!handled.activated_extensions.empty()) {
        std::string list;
        for (const std::string& uri : handled.activated_extensions)
            list += (list.empty() ? "" : ", ") + uri;
        context_.AddTrailingMetadata(
            version_ == wire::Version::k1_0 ? "a2a-extensions" : "x-a2a-extensions", list);
    }
    if (!handled.reply) {
        refuse(handled.reply.error());
        co_return;
    }
    Async<void> answering = answer(handled);
    co_await std::move(answering);
}

void Call::end(::grpc::Status status) {
    ended_ = true;
    lane_.untaken.add(*this, lane_.loop.now());
    finish(std::move(status));
}

void Call::done() noexcept {
    lane_.untaken.remove(*this);
    release();
}

void Call::client_left() noexcept {
    client_.leave();
    retain();
    lane_.loop.post(wake_);
}

}  // namespace a2akit::rpc
