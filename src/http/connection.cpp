#include "http/connection.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "http/reply_size.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace a2akit::http {
namespace {

// Up to this size a buffer per connection is not worth counting.
constexpr std::size_t kUncountedAnswer = std::size_t{16} * 1024;
constexpr std::size_t kSpareBuffers = 32;
constexpr auto kLinger = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = std::size_t{1} << 20U;
constexpr auto kRetryAfter = std::chrono::seconds(1);

bool may_not_ask(const Error& error) noexcept {
    return error.code == ErrorCode::kUnauthenticated || error.code == ErrorCode::kPermissionDenied;
}

}  // namespace

Connection::Connection(Shard& shard, net::TcpSocket socket, std::string peer, Permit permit,
                       security::AddressSlots::Slot address_slot)
    : shard_(shard),
      socket_(std::move(socket), shard.options.tls.get()),
      reader_({shard.options.max_header_bytes, shard.options.max_body_bytes}),
      request_share_(shard.load.requests()),
      answer_share_(shard.load.responses()),
      peer_(std::move(peer)),
      permit_(std::move(permit)),
      address_slot_(std::move(address_slot)),
      site_(&shard.site) {
    shard_.connections.push_back(*this);
    socket_.notify([](void* who) noexcept { static_cast<Connection*>(who)->on_client_sign(); },
                   this);
}

Async<void> Connection::run(std::unique_ptr<Connection> connection) {
    try {
        co_await connection->serve();
    } catch (const std::exception& e) {
        log::error("connection ended by an exception error={}", quoted(e.what()));
    }
    co_await connection->close();
}

Async<void> Connection::serve() {
    if (socket_.tls() != nullptr && !co_await shake_hands()) {
        broken_ = true;
        co_return;
    }
    for (;;) {
        const bool answerable = co_await read_request();
        upload_.unlink();
        if (!answerable) co_return;
        co_await answer();
        client_.answered();
        answer_share_.release();
        if (open_stream_) co_await run_stream();
        if (broken_ || aborted_ || !keep_alive_ || shard_.draining) co_return;
        reader_.next();
        request_share_.release();
    }
}

// -- Deadlines ------------------------------------------------------------------------------------

void Connection::wait_in(Phase phase, Duration span) {
    phase_ = phase;
    timed_out_ = false;
    deadline_ = shard_.loop.now() + span;
    if (timer_.started() && armed_ <= deadline_) return;
    armed_ = deadline_;
    timer_.start(shard_.loop, armed_);
}

void Connection::on_timer() noexcept {
    if (phase_ == Phase::kWorking) return;
    const SteadyTime now = shard_.loop.now();
    if (phase_ == Phase::kWriting && socket_.sent() != sent_before_) {
        sent_before_ = socket_.sent();
        deadline_ = now + shard_.options.write_timeout;
    }
    if (deadline_ > now) {
        armed_ = deadline_;
        timer_.start(shard_.loop, armed_);
        return;
    }
    if (phase_ == Phase::kAnswering) return on_slow_answer(now);
    if (phase_ == Phase::kStreaming) {
        heartbeat_due_ = true;
        if (waiting_for_events_ != nullptr) waiting_for_events_->wake();
        return;
    }
    timed_out_ = true;
    socket_.cancel();
}

void Connection::drain() noexcept {
    if (phase_ == Phase::kIdle)
        abort();
    else if (waiting_for_events_ != nullptr)
        waiting_for_events_->wake();
}

void Connection::abort() noexcept {
    aborted_ = true;
    client_.leave();
    socket_.cancel();
    if (waiting_for_events_ != nullptr) waiting_for_events_->wake();
}

void Connection::give_way() noexcept {
    gave_way_ = true;
    upload_.unlink();
    request_share_.release();
    socket_.cancel();
}

// -- Answers --------------------------------------------------------------------------------------

Framing Connection::framing() noexcept {
    if (shard_.draining) keep_alive_ = false;
    return {.date = shard_.date.now(),
            .extra = shard_.options.extra_fields,
            .cors = cors_,
            .request_id = request_id_,
            .close = !keep_alive_,
            .http_1_0 = reader_.http_1_0()};
}

Async<void> Connection::respond(wire::HttpResponse response) {
    if (client_.gone()) {
        broken_ = true;
        return {};
    }
    if (answer_begun_) return respond_late(std::move(response.body));
    if (response.status == 503) {
        const auto named = [](const auto& field) { return field.first == "Retry-After"; };
        if (std::none_of(response.headers.begin(), response.headers.end(), named)) {
            response.headers.emplace_back("Retry-After", std::to_string(kRetryAfter.count()));
        }
    }
    std::string& out = shard_.out;
    out.clear();
    append_head(out, response, framing());
    log_answer(response.status);
    if (reader_.method() == "HEAD") return flush_last();
    if (response.body.size() > kKeptOut) return respond_large(std::move(response.body));
    out.append(response.body);
    return flush_last();
}

/// Large bodies are sent from their own buffer instead of being copied behind the head.
Async<void> Connection::respond_large(std::string body) {
    co_await flush_last();
    if (!broken_) co_await flush_rest(std::move(body), 0);
}

bool Connection::hold_answer(std::size_t bytes) noexcept {
    return bytes <= kUncountedAnswer || answer_share_.grow_to(bytes);
}

Async<void> Connection::flush_last() {
    auto& spare = shard_.spare_buffers;
    std::string next;
    if (!spare.empty()) {
        next = std::move(spare.back());
        spare.pop_back();
    }
    std::string mine = std::exchange(shard_.out, std::move(next));
    co_await net::end_of_turn(shard_.loop);
    std::swap(shard_.out, mine);
    if (spare.size() < kSpareBuffers && mine.capacity() <= kKeptOut)
        spare.push_back(std::move(mine));
    co_await flush();
}

Async<void> Connection::flush() {
    std::string& out = shard_.out;
    if (broken_) return {};
    net::NetError error;
    const std::size_t sent = socket_.try_send(out, error);
    if (error) {
        broken_ = true;
    } else if (sent < out.size()) {
        return flush_rest(std::exchange(out, std::string()), sent);
    }
    if (out.capacity() > kKeptOut) std::string().swap(out);
    return {};
}

Async<void> Connection::flush_rest(std::string buffer, std::size_t sent) {
    // Do not keep a large buffer for a small rest.
    if (buffer.size() - sent < buffer.size() / 2) buffer = buffer.substr(std::exchange(sent, 0));
    const std::string_view rest = std::string_view(buffer).substr(sent);
    sent_before_ = socket_.sent();
    wait_in(Phase::kWriting, shard_.options.write_timeout);
    const net::NetError error = co_await socket_.write(rest);
    phase_ = Phase::kWorking;
    if (error || aborted_) broken_ = true;
}

Async<void> Connection::answer() {
    phase_ = Phase::kWorking;
    if (refusal_) return respond(std::move(*refusal_));
    switch (route_.kind) {
        case wire::RouteKind::kHealth:
            return respond({.content_type = "application/json", .body = R"({"status":"ok"})"});
        case wire::RouteKind::kAgentCard: {
            wire::RequestHead request = head();
            return respond(site_->agent_card(request));
        }
        case wire::RouteKind::kCatalog: {
            wire::RequestHead request = head();
            cors_.clear();  // it says itself that any origin may read it
            return respond(site_->catalog(request));
        }
        case wire::RouteKind::kKeySet:
            return respond(site_->key_set());
        case wire::RouteKind::kModels:
            return respond(site_->models());
        case wire::RouteKind::kReadiness:
            return answer_readiness();
        case wire::RouteKind::kDeadLetters:
        case wire::RouteKind::kRedrive:
            return answer_admin();
        case wire::RouteKind::kJsonRpc:
        case wire::RouteKind::kOperation:
            break;
    }
    wire::RequestHead request = head();
    auto decoded = wire::decode(route_, request, reader_.body());
    if (auto* refused = std::get_if<wire::HttpResponse>(&decoded)) {
        return respond(std::move(*refused));
    }
    // The decoded request counts instead: a send may wait for hours.
    reader_.drop_body();
    auto& calls = std::get<wire::Decoded>(decoded);
    const bool single = !calls.batch && calls.entries.size() == 1 &&
                        std::holds_alternative<wire::Call>(calls.entries.front());
    return single ? answer_call(std::move(calls)) : answer_batch(std::move(calls));
}

Async<void> Connection::answer_readiness() {
    wire::HttpResponse response = co_await site_->readiness();
    co_await respond(std::move(response));
}

Async<void> Connection::answer_admin() {
    std::string authorization(head().header("authorization"));
    Async<wire::HttpResponse> pending =
        site_->admin(std::move(route_), std::move(authorization), caller());
    wire::HttpResponse response = co_await std::move(pending);
    co_await respond(std::move(response));
}

Async<HandledRequest> Connection::dispatch(wire::Call& call) {
    complete(call.envelope.context);
    call.envelope.client = &client_;
    client_.next_request();
    wait_for_answer();
    try {
        Async<HandledRequest> pending = site_->handler().handle(std::move(call.envelope));
        HandledRequest handled = co_await std::move(pending);
        phase_ = Phase::kWorking;
        co_return handled;
    } catch (const std::exception& e) {
        log::error("request failed request_id={} error={}", request_id_, quoted(e.what()));
    } catch (...) {
        log::error("request failed request_id={} error=\"an unknown exception\"", request_id_);
    }
    phase_ = Phase::kWorking;
    Error failed{ErrorCode::kInternal, "the request failed inside the server", nullptr};
    co_return HandledRequest{Result<Reply>(std::move(failed)), {}};
}

Async<LargeTurns::Turn> Connection::large_turn() {
    LargeTurns::Turn turn = co_await shard_.large_turns.take();
    co_await net::end_of_turn(shard_.loop);
    co_return turn;
}

HandledRequest Connection::refused_unsent() { return {Load::response_unsent(), {}}; }

HandledRequest Connection::refused_in_batch() const {
    return {Error{ErrorCode::kResourceExhausted,
                  "not begun: the answers of one batch may take " +
                      std::to_string(shard_.options.max_batch_bytes) +
                      " bytes, and those before this one did; send this call again, with fewer "
                      "others or by itself",
                  nullptr},
            {}};
}

Async<void> Connection::answer_call(wire::Decoded decoded) {
    auto& call = std::get<wire::Call>(decoded.entries.front());
    const Operation operation = call.envelope.operation;
    Permit permit = shard_.load.take_call(operation);
    bool refused = !permit;
    HandledRequest handled;
    LargeTurns::Turn turn;
    if (can_keep_alive(call)) slow_call_ = &call;
    if (!refused)
        handled = co_await dispatch(call);
    else
        handled.reply = Load::at_limit(operation);
    slow_call_ = nullptr;
    if (handled.reply) {
        if (auto* events = std::get_if<std::unique_ptr<EventStream>>(&*handled.reply)) {
            stream_head_ = wire::stream_head(call, handled);
            open_stream_ = std::make_unique<OpenStream>();
            open_stream_->form = std::move(call);
            open_stream_->events = std::move(*events);
            open_stream_->permit = std::move(permit);
            co_return;
        }
    }
    // If possible, refuse the response before it is encoded, since encoding takes time from other
    // connections.
    if (const std::size_t bytes = handled.reply ? content_size(*handled.reply) : 0;
        !hold_answer(bytes)) {
        handled = refused_unsent();
        refused = true;
    } else if (bytes > kKeptOut) {
        turn = co_await large_turn();
    }
    if (answer_begun_ && !handled.reply && !call.json_rpc) {
        cut_answer(handled.reply.error());
        co_return;
    }
    wire::HttpResponse response = wire::encode(call, handled);
    turn = {};
    if (!hold_answer(response.body.size())) {
        handled = refused_unsent();
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

Async<void> Connection::answer_batch(wire::Decoded decoded) {
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
        const Permit permit = shard_.load.take_call(operation);
        HandledRequest handled;
        const bool answered = !call.rpc_id.empty();
        if (answered && bytes >= shard_.options.max_batch_bytes)
            handled = refused_in_batch();
        else if (answered && !hold_answer(bytes))
            handled.reply = Load::at_limit("unsent answers");
        else if (permit)
            handled = co_await dispatch(call);
        else
            handled.reply = Load::at_limit(operation);
        LargeTurns::Turn turn;
        if (handled.reply && content_size(*handled.reply) > kKeptOut) turn = co_await large_turn();
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
    if (!hold_answer(response.body.size())) {
        response = wire::http_error(503, refused_unsent().reply.error().message, true);
    }
    answers = {};
    co_await respond(std::move(response));
}

// -- The end --------------------------------------------------------------------------------------

Async<void> Connection::close() {
    if (socket_.reading()) {
        socket_.cancel();
        co_await socket_.read_end();
    }
    reader_.drop_bytes();
    request_share_.release();
    if (!lingering_ || broken_ || aborted_) co_return;
    // Closing with unread bytes would reset the connection, and the client might never see why.
    socket_.shutdown_send();
    wait_in(Phase::kClosing, kLinger);
    reader_.release();
    for (std::size_t left = kLingerBytes; left > 0 && !timed_out_;) {
        const net::Socket::ReadResult result = co_await socket_.read(shard_.ignored);
        if (result.error || result.bytes == 0) break;
        left -= std::min(left, result.bytes);
    }
}

}  // namespace a2akit::http
