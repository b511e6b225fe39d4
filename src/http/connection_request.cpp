#include "http/connection.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/request/middleware.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace a2akit::http {
namespace {

// At least this many bytes of a slow body must arrive within each body_timeout.
constexpr std::size_t kSlowBody = std::size_t{16} * 1024;
// The body of a refused request is read up to this size, so that the connection can be used again.
constexpr std::size_t kReadAnyway = std::size_t{64} * 1024;
// Between two pieces of a large body, other connections are served.
constexpr std::size_t kReadAtOnce = std::size_t{256} * 1024;
constexpr std::size_t kUncounted = 4096;
// A body is not slow if this many bytes arrive.
constexpr std::size_t kPiece = std::size_t{64} * 1024;
// Up to this size a body is read before the caller's credentials are checked.
constexpr std::size_t kSmallBody = std::size_t{16} * 1024;
constexpr std::size_t kLongestRequestId = 128;

/// Short enough to live inside the string object.
std::string make_request_id() {
    static thread_local std::uint64_t next = TaskId::generate().hash();
    std::string id(15, '0');
    std::uint64_t rest = next += 0x9E3779B97F4A7C15ULL;
    for (char& digit : id) {
        digit = "0123456789abcdefghjkmnpqrstvwxyz"[rest % 16];
        rest /= 16;
    }
    return id;
}

std::string request_id_for(std::string_view given) {
    const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
    if (given.empty() || given.size() > kLongestRequestId ||
        !std::all_of(given.begin(), given.end(), printable)) {
        return make_request_id();
    }
    return std::string(given);
}

/// The path and query of a target that names a whole URL.
std::string_view without_authority(std::string_view target) {
    if (target.empty() || target.front() == '/') return target;
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos) return target;
    const auto path = target.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

bool under_base(std::string_view target, std::string_view base) {
    if (!target.starts_with(base)) return false;
    return target.size() == base.size() || target[base.size()] == '/' || target[base.size()] == '?';
}

constexpr const char* kNoAgent =
    "there is no agent at this path; /.well-known/ai-catalog.json lists those of this server";

bool needs_agent(wire::RouteKind kind) noexcept {
    return kind == wire::RouteKind::kJsonRpc || kind == wire::RouteKind::kOperation ||
           kind == wire::RouteKind::kAgentCard;
}

bool is_card_path(std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    return path == "/.well-known/agent-card.json" || path == "/.well-known/agent.json";
}

}  // namespace

void Connection::set_reading_deadline() {
    if (!reader_.started()) {
        // The idle timeout runs from the last response; empty lines do not extend it.
        if (phase_ != Phase::kIdle) wait_in(Phase::kIdle, shard_.options.idle_timeout);
    } else if (!reader_.in_body()) {
        // The header timeout runs from the first byte; a head that trickles in does not extend it.
        if (phase_ != Phase::kReading) wait_in(Phase::kReading, shard_.options.header_timeout);
    } else if (reader_.body_received() >= slow_body_mark_) {
        slow_body_mark_ = reader_.body_received() + kSlowBody;
        wait_in(Phase::kReading, shard_.options.body_timeout);
    }
}

Async<bool> Connection::read_request() {
    phase_ = Phase::kWorking;
    gave_way_ = false;
    refusal_.reset();
    request_id_.clear();
    for (;;) {
        const RequestReader::Step step = reader_.advance();
        if (step == RequestReader::Step::kComplete) co_return true;
        if (step == RequestReader::Step::kRefused) {
            refuse(reader_.refusal().status, reader_.refusal().message);
            co_return true;
        }
        if (step == RequestReader::Step::kHead) {
            begin_request();
            if (!refusal_ && asks_before_body()) co_await ask_before_body();
            if (refusal_ && !keep_alive_) co_return true;
            continue;
        }
        if (reader_.in_body() && reader_.expects_continue() && !reader_.has_unread_bytes() &&
            slow_body_mark_ == 0) {
            const bool sent = co_await send_continue();
            if (!sent) co_return false;
        }
        set_reading_deadline();
        // Give memory to one large body at a time, and read it, before the next one.
        LargeTurns::Turn turn;
        if (reader_.in_body() && reader_.body_received() > ByteShare::kSmall) {
            turn = co_await large_turn();
            if (timed_out_ || gave_way_ || aborted_) co_return refuse_slow_client();
        }
        if (reader_.in_body() && !hold_body()) co_return true;
        start_reading();
        turn = {};
        const bool more = co_await read_more();
        if (!more) co_return refuse_slow_client();
    }
}

/// Called after a read that returned no bytes: true when the response is a 408.
bool Connection::refuse_slow_client() {
    if (gave_way_ && !aborted_) {
        refuse(408, "the body came too slowly while others needed its room; try again later");
        reader_.drop_bytes();
        return true;
    }
    if (!timed_out_ || aborted_ || !reader_.started()) return false;
    refuse(408, "the rest of the request did not arrive in time");
    return true;
}

bool Connection::hold_body() {
    if (socket_.reading() || probing_) return true;
    (void)reader_.space();
    const std::size_t bytes = reader_.memory();
    // Nearly every request fits into the first buffer, which is not counted here.
    if (bytes <= kUncounted || hold_request(bytes)) return true;
    refuse(503, "the server is at its limit of request bytes under way");
    reader_.drop_bytes();
    request_share_.release();
    return false;
}

bool Connection::hold_request(std::size_t bytes) {
    if (bytes > ByteShare::kSmall) note_upload();
    while (!request_share_.grow_to(bytes)) {
        if (!make_slowest_give_way()) return false;
    }
    return true;
}

void Connection::note_upload() {
    const bool new_piece = reader_.body_received() >= upload_.next_piece;
    if (upload_.is_linked() && !new_piece) return;
    upload_.unlink();
    upload_.brought = shard_.loop.now();
    upload_.next_piece = reader_.body_received() + kPiece;
    shard_.uploads.push_back(upload_);
}

/// False: no body is slow.
bool Connection::make_slowest_give_way() {
    if (shard_.uploads.empty()) return false;
    Upload& slowest = shard_.uploads.front();
    if (&slowest == &upload_) return false;
    if (slowest.brought + shard_.options.give_way_after > shard_.loop.now()) return false;
    slowest.owner.give_way();
    return true;
}

/// If the head is incomplete or malformed, nothing is known about the request, and the response has
/// the protocol's default form.
void Connection::refuse(int status, std::string_view message) {
    const wire::RequestHead request = head();
    if (request_id_.empty()) request_id_ = request_id_for(request.header("x-request-id"));
    refusal_ = wire::http_error(status, message, request, shard_.options.versions);
    keep_alive_ = false;
    lingering_ = true;
}

bool Connection::may_read() const noexcept {
    return !aborted_ && (!shard_.draining || reader_.started());
}

void Connection::start_reading() {
    if (!may_read() || socket_.reading() || probing_) return;
    const std::span<char> space = reader_.space();
    socket_.start_read(space.first(std::min(space.size(), kReadAtOnce)));
}

/// Waits for the read that `start_reading` began. False: no more bytes will arrive.
Async<bool> Connection::read_more() {
    if (!may_read()) co_return false;
    const net::Socket::ReadResult result = co_await socket_.read_end();
    if (std::exchange(probing_, false)) {
        std::copy_n(probe_.data(), result.bytes, reader_.space().data());
    }
    reader_.received(result.bytes);
    // While a client sends without a pause, no read is pending that the timer could cancel.
    co_return !result.error && result.bytes != 0 && !timed_out_ && !gave_way_;
}

Async<bool> Connection::send_continue() {
    shard_.out.assign("HTTP/1.1 100 Continue\r\n\r\n");
    co_await flush();
    co_return !broken_;
}

wire::RequestHead Connection::head() noexcept {
    std::string_view target = without_authority(reader_.target());
    const std::string_view base = shard_.options.base_path;
    if (under_base(target, base)) target.remove_prefix(base.size());
    site_ = &shard_.site.at(target);
    return {reader_.method(), target, &reader_.headers()};
}

void Connection::complete(RequestContext& context) const {
    context.remote_address = caller();
    context.request_id = request_id_;
    if (!client_certificate_.empty()) {
        context.values.emplace(kClientCertificate, client_certificate_);
    }
}

/// Decides everything that does not need the body.
void Connection::begin_request() {
    slow_body_mark_ = 0;
    wire::RequestHead request = head();
    request_id_ = request_id_for(request.header("x-request-id"));
    keep_alive_ = reader_.keep_alive();
    const security::Gate* const gate = shard_.options.gate.get();
    const bool whole_server = reader_.target() == "*";
    const std::string_view target = without_authority(reader_.target());
    const bool card_at_root = shard_.options.card_at_root && is_card_path(target);
    if (gate != nullptr && !pass_gate(*gate)) {
        // Answered by its head alone.
    } else if (!whole_server && !card_at_root && !under_base(target, shard_.options.base_path)) {
        refusal_ = wire::http_error(404, "nothing is served at this path", false,
                                    wire::answer_type(request));
    } else {
        if (request.target.empty()) request.target = "/";
        auto routed = wire::route(request, shard_.options.max_body_bytes, shard_.options.versions);
        auto* route = std::get_if<wire::Route>(&routed);
        if (route != nullptr && (site_->is_agent() || !needs_agent(route->kind))) {
            route_ = std::move(*route);
            return;
        }
        refusal_ = route == nullptr
                       ? std::move(std::get<wire::HttpResponse>(routed))
                       : wire::http_error(404, kNoAgent, request, shard_.options.versions);
    }
    const auto length = reader_.body_length();
    if (!length || *length > kReadAnyway || reader_.expects_continue()) {
        keep_alive_ = false;
        lingering_ = true;
    }
}

bool Connection::asks_before_body() const noexcept {
    if (route_.kind != wire::RouteKind::kJsonRpc && route_.kind != wire::RouteKind::kOperation)
        return false;
    const auto length = reader_.body_length();
    if (!length) return true;
    const bool waits = reader_.expects_continue() && *length > reader_.body_received();
    return waits || (*length > kSmallBody && *length > reader_.body_received());
}

/// Refuses callers without permission before any of the body is held in memory.
Async<void> Connection::ask_before_body() {
    RequestContext context;
    context.headers = reader_.headers();
    complete(context);
    Async<Result<void>> pending = site_->handler().before_body(context);
    Result<void> passed = co_await std::move(pending);
    if (passed) co_return;
    wire::Call call;
    call.json_rpc = route_.kind == wire::RouteKind::kJsonRpc;
    call.version = route_.version;
    call.operation = route_.operation;
    call.rpc_id = "null";
    call.content_type = wire::answer_type(head());
    HandledRequest handled{Result<Reply>(std::move(passed.error())), {}};
    refusal_ = wire::encode(call, handled);
    keep_alive_ = false;
    lingering_ = true;
}

void Connection::log_answer(int status) const {
    if (!log::is_on(log::Level::kDebug)) return;
    // Log neither the query nor the authority of a full URL: both may hold secrets.
    const std::string_view target = without_authority(reader_.target());
    log::debug("request method={} path={} status={} request_id={}", reader_.method(),
               quoted(target.substr(0, target.find('?'))), status, request_id_);
}

}  // namespace a2akit::http
