#include "grpc/client_binding.hpp"

#include "grpc/client_messages.hpp"
#include "grpc/client_status.hpp"
#include "wire/error_table.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace a2akit::rpc {
namespace {

using client::EventDecoder;
using client::Headers;
using client::HttpAnswer;
using client::HttpHead;
using client::HttpRequest;

constexpr std::size_t kPrefixBytes = 5;
constexpr std::uint64_t kMaxFileBytes = 64U << 20U;

/// One byte that says whether the message is compressed, and four that say how long it is.
std::string framed(std::string_view message) {
    const auto size = static_cast<std::uint32_t>(message.size());
    std::string frame;
    frame.reserve(kPrefixBytes + message.size());
    frame += '\0';
    for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(size >> shift & 0xFFU);
    frame += message;
    return frame;
}

Error not_grpc(std::string_view what) {
    return {ErrorCode::kInvalidAgentResponse,
            "the agent's answer is not one of gRPC: " + std::string(what), nullptr};
}

/// The messages of an answer, taken from the front of the bytes that have arrived.
class FrameReader {
public:
    explicit FrameReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    void feed(std::string_view bytes) {
        bytes_.erase(0, std::exchange(taken_, 0));
        bytes_ += bytes;
    }
    /// The next message that has arrived whole, valid until the next call; nullopt when there is
    /// none. kInvalidAgentResponse when it can't be one.
    Result<std::optional<std::string_view>> next() {
        const std::string_view rest = std::string_view(bytes_).substr(taken_);
        if (rest.size() < kPrefixBytes) return std::optional<std::string_view>();
        if (rest[0] != '\0')
            return fail(not_grpc("a message is compressed, which was not asked for"));
        std::size_t size = 0;
        for (std::size_t i = 1; i < kPrefixBytes; ++i)
            size = size << 8U | static_cast<unsigned char>(rest[i]);
        if (size > max_bytes_) {
            return fail(
                {ErrorCode::kInvalidAgentResponse,
                 "the agent's message is longer than " + std::to_string(max_bytes_) + " bytes",
                 nullptr});
        }
        if (rest.size() - kPrefixBytes < size) return std::optional<std::string_view>();
        taken_ += kPrefixBytes + size;
        return std::optional(rest.substr(kPrefixBytes, size));
    }
    [[nodiscard]] bool is_empty() const noexcept { return taken_ == bytes_.size(); }

private:
    const std::size_t max_bytes_;
    std::string bytes_;
    std::size_t taken_ = 0;
};

class Decoder final : public EventDecoder {
public:
    Decoder(const wire::ClientCodec& codec, std::size_t max_event_bytes)
        : codec_(codec), frames_(max_event_bytes) {}

    Result<void> feed(std::string_view bytes) override {
        frames_.feed(bytes);
        return {};
    }
    Result<std::optional<StreamEvent>> next() override {
        const auto message = frames_.next();
        if (!message) return fail(message.error());
        if (!*message) return std::optional<StreamEvent>();
        auto response = read_event(codec_, **message);
        if (!response) return fail(std::move(response.error()));
        return std::optional(StreamEvent{{}, std::move(*response)});
    }
    Result<void> finish(const Headers& trailers) override {
        const auto status = read_status(trailers);
        if (!status) {
            return fail(ErrorCode::kUnavailable,
                        "the stream ended without the status that ends a call of gRPC");
        }
        if (status->code != 0) return fail(status->error);
        if (!frames_.is_empty()) return fail(not_grpc("the stream ended within a message"));
        return {};
    }

private:
    const wire::ClientCodec& codec_;
    FrameReader frames_;
};

class GrpcBinding final : public client::Binding {
public:
    using Binding::Binding;

    Result<HttpRequest> request(Operation operation, const OperationParams& params) const override {
        const std::string_view path = method_path(codec(), operation);
        if (path.empty()) {
            return fail(ErrorCode::kUnsupportedOperation,
                        "version " + std::string(codec().version()) + " of the protocol has no " +
                            std::string(to_string(operation)));
        }
        auto message = write_request(codec(), operation, params);
        if (!message) return fail(std::move(message.error()));
        return HttpRequest{
            .method = "POST",
            .url = interface().url + std::string(path),
            .headers = {{"Content-Type", "application/grpc+proto"}, {"TE", "trailers"}},
            .body = framed(*message),
            .http2 = true};
    }
    std::string_view accepts(bool) const noexcept override { return "application/grpc"; }
    std::optional<std::uint64_t> max_file_bytes() const noexcept override { return kMaxFileBytes; }

    void limit_time(HttpRequest& request, Duration timeout) const override {
        request.timeout = timeout;
        if (timeout <= Duration::zero()) return;
        // At most eight digits.
        const bool fits = timeout.count() < 100'000'000;
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout);
        request.headers.emplace_back("grpc-timeout", fits ? std::to_string(timeout.count()) + "m"
                                                          : std::to_string(seconds.count()) + "S");
    }

    Result<Reply> reply(const HttpAnswer& answer, Operation operation) const override {
        if (auto error = error_in(answer)) return fail(std::move(*error));
        FrameReader frames(answer.body.size());
        frames.feed(answer.body);
        const auto message = frames.next();
        if (!message) return fail(message.error());
        if (!*message) return fail(not_grpc("it holds no message"));
        if (!frames.is_empty()) return fail(not_grpc("it holds more than one message"));
        return read_reply(codec(), operation, **message);
    }

    bool is_event_stream(const HttpHead& head) const override {
        return head.status == 200 && is_grpc(head) && head.header("grpc-status").empty();
    }
    bool may_begin_late() const noexcept override { return true; }
    Error refusal(const HttpAnswer& answer) const override {
        return error_in(answer).value_or(not_grpc("it ends before the first event"));
    }
    std::unique_ptr<EventDecoder> decoder(std::size_t max_event_bytes) const override {
        return std::make_unique<Decoder>(codec(), max_event_bytes);
    }

private:
    static bool is_grpc(const HttpHead& head) {
        return head.content_type().starts_with("application/grpc");
    }
    static std::optional<Error> error_in(const HttpAnswer& answer) {
        auto status = read_status(answer.trailers);
        if (!status) status = read_status(answer.head.headers);
        if (status && is_grpc(answer.head))
            return status->code == 0 ? std::nullopt : std::optional(std::move(status->error));
        if (answer.head.status != 200) {
            const int status = answer.head.status;
            // gRPC says in its trailers that there is no such task.
            const bool is_known = status > 400 && status != 404;
            return Error{
                is_known ? wire::error_from_http(status) : ErrorCode::kInvalidAgentResponse,
                "the agent answered with HTTP status " + std::to_string(status) +
                    " instead of gRPC",
                nullptr};
        }
        if (!is_grpc(answer.head))
            return not_grpc("its content type is '" + std::string(answer.head.content_type()) +
                            "'");
        return not_grpc("it has no grpc-status");
    }
};

[[maybe_unused]] const bool kOffered = (client::offer_grpc_binding(&make_client_binding), true);

}  // namespace

std::unique_ptr<const client::Binding> make_client_binding(AgentInterface interface,
                                                           const wire::ClientCodec& codec) {
    return std::make_unique<GrpcBinding>(std::move(interface), codec);
}

}  // namespace a2akit::rpc

/// A program that links a2akit::grpc_client asks the linker for this symbol, and so for this file.
extern "C" void a2akit_grpc_client_is_linked() {}
