#include "http/answering.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "http/reply_size.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace a2akit::http {
namespace {

constexpr auto kRetryAfter = std::chrono::seconds(1);

bool may_not_ask(const Error& error) noexcept {
    return error.code == ErrorCode::kUnauthenticated || error.code == ErrorCode::kPermissionDenied;
}

bool has_field(const wire::HttpResponse& response, std::string_view name) {
    return std::ranges::any_of(response.headers,
                               [&](const auto& field) { return field.first == name; });
}

}  // namespace

Async<void> Answering::answer() {
    link_.work();
    if (exchange_.refusal) return respond(std::move(*exchange_.refusal));
    if (exchange_.route->kind == wire::RouteKind::kResource)
        return answer_resource(*exchange_.route->resource);
    wire::RequestHead request = intake_.head();
    auto decoded = wire::decode(*exchange_.route, request, intake_.body());
    if (auto* refused = std::get_if<wire::HttpResponse>(&decoded)) {
        return respond(std::move(*refused));
    }
    // The decoded request counts instead: a send may wait for hours.
    intake_.drop_body();
    auto& calls = std::get<wire::Decoded>(decoded);
    const bool single = !calls.batch && calls.entries.size() == 1 &&
                        std::holds_alternative<wire::Call>(calls.entries.front());
    return single ? answer_call(std::move(calls)) : answer_batch(std::move(calls));
}

Async<void> Answering::answer_resource(const wire::Resource& resource) {
    wire::ResourceRequest request{intake_.head(), std::move(exchange_.route->id),
                                  std::move(exchange_.route->query), intake_.caller()};
    if (resource.access == wire::Resource::Access::kOperator) {
        if (auto refused = exchange_.site->refuse_operator(request))
            return respond(std::move(*refused));
    }
    Async<wire::HttpResponse> pending = resource.answer(std::move(request));
    if (pending.await_ready()) return respond(pending.await_resume());
    return respond_later(std::move(pending));
}

Async<void> Answering::respond_later(Async<wire::HttpResponse> pending) {
    wire::HttpResponse response = co_await std::move(pending);
    co_await respond(std::move(response));
}

Async<void> Answering::dispatch(wire::Call& call, HandledRequest& handled) {
    intake_.complete(call.envelope.context);
    call.envelope.client = &link_.client();
    link_.client().next_request();
    wait_for_answer();
    try {
        Async<void> answering = exchange_.site->handler().answer(call.envelope, handled);
        co_await std::move(answering);
        link_.work();
        co_return;
    } catch (const std::exception& e) {
        log::error("request failed request_id={} error={}", exchange_.request_id, quoted(e.what()));
    } catch (...) {
        log::error("request failed request_id={} error=\"an unknown exception\"",
                   exchange_.request_id);
    }
    link_.work();
    handled = {Error{ErrorCode::kInternal, "the request failed inside the server", nullptr}, {}};
}

Error Answering::refused_in_batch() const {
    return {ErrorCode::kResourceExhausted,
            "not begun: the answers of one batch may take " +
                std::to_string(link_.options().max_batch_bytes) +
                " bytes, and those before this one did; send this call again, with fewer "
                "others or by itself",
            nullptr};
}

Async<void> Answering::answer_call(wire::Decoded decoded) {
    auto& call = std::get<wire::Call>(decoded.entries.front());
    const Operation operation = call.envelope.operation;
    Permit permit = link_.state().load.take_call(operation);
    bool refused = !permit;
    HandledRequest handled;
    LargeTurns::Turn turn;
    if (can_keep_alive(call)) slow_call_ = &call;
    if (!refused)
        co_await dispatch(call, handled);
    else
        handled.reply = Load::at_limit(operation);
    slow_call_ = nullptr;
    if (handled.reply) {
        if (auto* events = std::get_if<std::unique_ptr<EventStream>>(&*handled.reply)) {
            stream_ = std::make_unique<OpenStream>();
            stream_->head = std::make_unique<wire::HttpResponse>(wire::stream_head(call, handled));
            stream_->form = std::move(call);
            stream_->events = std::move(*events);
            stream_->permit = std::move(permit);
            intake_.log_answer(stream_->head->status);
            co_return;
        }
    }
    // If possible, refuse the response before it is encoded, since encoding takes time from other
    // connections.
    if (const std::size_t bytes = handled.reply ? content_size(*handled.reply) : 0;
        !link_.hold_unsent(bytes)) {
        handled.reply = Load::response_unsent();
        refused = true;
    } else if (bytes > Link::kKeptOut) {
        turn = co_await link_.large_turn();
    }
    if (answer_begun_ && !handled.reply && !call.json_rpc) {
        cut_answer(handled.reply.error());
        co_return;
    }
    wire::HttpResponse response = wire::encode(call, handled);
    turn = {};
    if (!link_.hold_unsent(response.body.size())) {
        handled.reply = Load::response_unsent();
        if (answer_begun_ && !call.json_rpc) {
            cut_answer(handled.reply.error());
            co_return;
        }
        response = wire::encode(call, handled);
        refused = true;
    }
    // Proxies look at the HTTP status, and a JSON-RPC error would be a 200.
    if (refused) response.status = 503;
    // Freed now rather than when a slow client has read the response.
    handled.reply = Reply(Empty{});
    co_await respond(std::move(response));
}

Async<void> Answering::answer_batch(wire::Decoded decoded) {
    std::vector<std::string> answers;
    std::vector<std::string> extensions;
    std::optional<Error> refused;
    std::size_t bytes = 0;
    answers.reserve(decoded.entries.size());
    for (auto& entry : decoded.entries) {
        if (auto* written = std::get_if<std::string>(&entry)) {
            answers.push_back(std::move(*written));
            continue;
        }
        auto& call = std::get<wire::Call>(entry);
        const Operation operation = call.envelope.operation;
        const Permit permit = link_.state().load.take_call(operation);
        HandledRequest handled;
        const bool answered = !call.rpc_id.empty();
        if (answered && bytes >= link_.options().max_batch_bytes)
            handled.reply = refused_in_batch();
        else if (answered && !link_.hold_unsent(bytes))
            handled.reply = Load::at_limit("unsent answers");
        else if (permit)
            co_await dispatch(call, handled);
        else
            handled.reply = Load::at_limit(operation);
        LargeTurns::Turn turn;
        if (handled.reply && content_size(*handled.reply) > Link::kKeptOut)
            turn = co_await link_.large_turn();
        std::string answer = wire::encode_batch_entry(call, handled);
        bytes += answer.size();
        if (!answer.empty()) answers.push_back(std::move(answer));
        // The headers that activate extensions and identify the caller are the same for every
        // entry.
        if (!handled.activated_extensions.empty())
            extensions = std::move(handled.activated_extensions);
        if (!handled.reply && may_not_ask(handled.reply.error()))
            refused = std::move(handled.reply.error());
    }
    wire::HttpResponse response =
        wire::encode_batch(answers, extensions, refused ? &*refused : nullptr);
    if (!link_.hold_unsent(response.body.size())) {
        response = wire::http_error(503, Load::response_unsent().message, true);
    }
    answers = {};
    co_await respond(std::move(response));
}

// -- Sending

Async<void> Answering::respond(wire::HttpResponse response) {
    if (link_.client().gone()) {
        link_.set_broken();
        return {};
    }
    if (answer_begun_) return respond_late(std::move(response.body));
    if (response.status == 503 && !has_field(response, "Retry-After"))
        response.headers.emplace_back("Retry-After", std::to_string(kRetryAfter.count()));
    // A resource that is for every web page says so itself.
    if (has_field(response, "Access-Control-Allow-Origin")) exchange_.cors.clear();
    std::string& out = link_.state().out;
    out.clear();
    append_head(out, response, exchange_.framing());
    intake_.log_answer(response.status);
    if (intake_.method() == "HEAD") return link_.flush_last();
    if (response.body.size() > Link::kKeptOut) return respond_large(std::move(response.body));
    out.append(response.body);
    return link_.flush_last();
}

/// Large bodies are sent from their own buffer instead of being copied behind the head.
Async<void> Answering::respond_large(std::string body) {
    co_await link_.flush_last();
    if (!link_.broken()) co_await link_.flush_rest(std::move(body), 0);
}

}  // namespace a2akit::http
