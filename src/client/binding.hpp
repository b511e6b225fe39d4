#pragma once

#include "client/event_decoder.hpp"
#include "client/http_client.hpp"
#include "wire/client_codec.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::client {

/// The form of the operations in one binding and version, without any I/O: typed requests in, HTTP
/// requests out; answers in, typed replies out. Headers that are the same for every call are the
/// Session's. Stateless, and so safe from any thread.
class Binding {
public:
    Binding(AgentInterface interface, const wire::ClientCodec& codec)
        : interface_(std::move(interface)), codec_(codec) {}
    virtual ~Binding() = default;

    [[nodiscard]] const AgentInterface& interface() const noexcept { return interface_; }
    [[nodiscard]] const wire::ClientCodec& codec() const noexcept { return codec_; }

    /// kUnsupportedOperation when this version of the protocol does not have the operation.
    [[nodiscard]] virtual Result<HttpRequest> request(Operation operation,
                                                      const OperationParams& params) const = 0;
    /// How many bytes of files one request may carry, because it holds them in memory; nullopt:
    /// they are streamed, and there is no limit.
    [[nodiscard]] virtual std::optional<std::uint64_t> max_file_bytes() const noexcept {
        return std::nullopt;
    }
    /// The media types that the request accepts, for an answer that is a stream of events or not.
    [[nodiscard]] virtual std::string_view accepts(bool events) const noexcept = 0;
    /// Gives the request this time in all; zero: any time.
    virtual void limit_time(HttpRequest& request, Duration timeout) const {
        request.timeout = timeout;
    }

    /// The reply within a whole answer. The agent's error, typed, when it is one;
    /// kInvalidAgentResponse when it is neither.
    [[nodiscard]] virtual Result<Reply> reply(const HttpAnswer& answer,
                                              Operation operation) const = 0;
    /// Whether an answer with this head is a stream of events.
    [[nodiscard]] virtual bool is_event_stream(const HttpHead& head) const = 0;
    /// Whether an agent may send nothing, not even a head, before the first event of a
    /// subscription.
    [[nodiscard]] virtual bool may_begin_late() const noexcept { return false; }
    /// Why there is no stream, from the answer that came instead.
    [[nodiscard]] virtual Error refusal(const HttpAnswer& answer) const = 0;
    /// The decoder has to be destroyed before the binding.
    [[nodiscard]] virtual std::unique_ptr<EventDecoder> decoder(
        std::size_t max_event_bytes) const = 0;

private:
    AgentInterface interface_;
    const wire::ClientCodec& codec_;
};

/// The bindings that are written in JSON.
class JsonBinding : public Binding {
public:
    using Binding::Binding;

    [[nodiscard]] std::string_view accepts(bool events) const noexcept final;
    [[nodiscard]] Result<Reply> reply(const HttpAnswer& answer, Operation operation) const final;
    [[nodiscard]] bool is_event_stream(const HttpHead& head) const final;
    [[nodiscard]] Error refusal(const HttpAnswer& answer) const final;
    [[nodiscard]] std::unique_ptr<EventDecoder> decoder(std::size_t max_event_bytes) const final;

    /// The event within the data of a server-sent event.
    [[nodiscard]] Result<StreamResponse> event(std::string_view data) const;

protected:
    /// The JSON of the result within a whole answer, or within one event of a stream (status 200):
    /// a view into `body`. The agent's error, typed, when it is one; kInvalidAgentResponse when it
    /// is neither.
    [[nodiscard]] virtual Result<std::string_view> result(int status,
                                                          std::string_view body) const = 0;
    [[nodiscard]] virtual bool is_json_rpc() const noexcept = 0;
};

/// Makes the binding GRPC, which is in a library of its own. `interface.url`: what grpc_url
/// returned.
using GrpcBindingFactory = std::unique_ptr<const Binding> (*)(AgentInterface interface,
                                                              const wire::ClientCodec& codec);
/// Called by that library before main. Until then no interface with that binding is chosen.
void offer_grpc_binding(GrpcBindingFactory factory) noexcept;

/// Whether this program has the binding.
[[nodiscard]] bool speaks(std::string_view binding) noexcept;

/// The interfaces of the card that this client speaks in one of `bindings` and one of `versions`,
/// in the card's order. kVersionNotSupported, with a list of what the card offers, when there is
/// none.
[[nodiscard]] Result<std::vector<AgentInterface>> choose_interfaces(
    const AgentCard& card, const std::vector<std::string>& bindings,
    const std::vector<std::string>& versions = {"1.0", "0.3"});

/// REQUIRES: `interface` is what choose_interfaces returned.
[[nodiscard]] std::unique_ptr<const Binding> make_binding(AgentInterface interface);

/// The URL that a gRPC interface of a card is dialled at: "http://host:port", or
/// "https://host:port" with TLS. Cards name an address ("host:port", "dns:///host:port"), which
/// does not say whether it is TLS, or a URL, whose path gRPC has no use for. `tls`: whether a bare
/// address is TLS.
[[nodiscard]] std::string grpc_url(std::string_view url, bool tls);

/// Whether a bare address of the card is dialled with TLS: never less safe than the card was.
/// `home`: the URL that it came from; empty: unknown.
[[nodiscard]] bool is_over_tls(const std::string& home, const AgentCard& card);

/// The URL of the card of the agent at `url`; `url` itself when it names a JSON document already.
[[nodiscard]] std::string card_url(std::string_view url);

}  // namespace a2akit::client
