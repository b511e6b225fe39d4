#include "http/request_intake.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/request/middleware.hpp>

#include <algorithm>
#include <utility>

namespace a2akit::http {
namespace {

// At least this many bytes of a slow body must arrive within each body_timeout.
constexpr std::size_t kSlowBody = std::size_t{16} * 1024;
// Between two pieces of a large body, other connections are served.
constexpr std::size_t kReadAtOnce = std::size_t{256} * 1024;
constexpr std::size_t kUncounted = 4096;
// A body is not slow if this many bytes arrive.
constexpr std::size_t kPiece = std::size_t{64} * 1024;
// Up to this size a body is read before the caller's credentials are checked.
constexpr std::size_t kSmallBody = std::size_t{16} * 1024;

/// However reading ends, the body is not one that may give way any more.
struct UnlinkAtEnd {
    Upload& upload;
    ~UnlinkAtEnd() { upload.unlink(); }
};

}  // namespace

RequestIntake::RequestIntake(Link& link, OpenConnection& owner, std::string peer)
    : link_(link),
      state_(link.state()),
      reader_(make_reader()),
      share_(state_.load.requests()),
      upload_(owner),
      peer_(std::move(peer)),
      exchange_(state_) {}

Async<bool> RequestIntake::read_request() {
    const UnlinkAtEnd unlink{upload_};
    link_.work();
    gave_way_ = false;
    exchange_.refusal.reset();
    exchange_.request_id.clear();
    exchange_.cors.clear();
    exchange_.forwarded_for.clear();
    exchange_.values.reset();
    for (;;) {
        const RequestReader::Step step = reader_->advance();
        if (step == RequestReader::Step::kComplete) co_return true;
        if (step == RequestReader::Step::kRefused) {
            refuse(reader_->refusal().status, reader_->refusal().message);
            co_return true;
        }
        if (step == RequestReader::Step::kHead) {
            begin_request();
            if (!exchange_.refusal && asks_before_body()) co_await ask_before_body();
            if (exchange_.refusal && !exchange_.keep_alive) co_return true;
            continue;
        }
        if (reader_->in_body() && reader_->expects_continue() && !reader_->has_unread_bytes() &&
            slow_body_mark_ == 0) {
            const bool sent = co_await send_continue();
            if (!sent) co_return false;
        }
        set_reading_deadline();
        // Give memory to one large body at a time, and read it, before the next one.
        LargeTurns::Turn turn;
        if (reader_->in_body() && reader_->body_received() > ByteShare::kSmall) {
            turn = co_await link_.large_turn();
            if (link_.timed_out() || gave_way_ || link_.aborted()) co_return refuse_slow_client();
        }
        if (reader_->in_body() && !hold_body()) co_return true;
        start_reading();
        turn = {};
        if (!may_read()) co_return refuse_slow_client();
        const net::Socket::ReadResult result = co_await link_.socket().read_end();
        if (!take_in(result)) co_return refuse_slow_client();
    }
}

void RequestIntake::set_reading_deadline() {
    const Options& options = state_.options;
    if (!reader_->started()) {
        // The idle timeout runs from the last response; empty lines do not extend it.
        if (link_.phase() != Link::Phase::kIdle)
            link_.wait_in(Link::Phase::kIdle, options.idle_timeout);
    } else if (!reader_->in_body()) {
        // The header timeout runs from the first byte; a head that trickles in does not extend it.
        if (link_.phase() != Link::Phase::kReading)
            link_.wait_in(Link::Phase::kReading, options.header_timeout);
    } else if (reader_->body_received() >= slow_body_mark_) {
        slow_body_mark_ = reader_->body_received() + kSlowBody;
        link_.wait_in(Link::Phase::kReading, options.body_timeout);
    }
}

// -- The bytes of a request

bool RequestIntake::may_read() const noexcept {
    return !link_.aborted() && (!state_.draining || reader_->started());
}

void RequestIntake::start_reading() {
    if (!may_read() || link_.socket().reading() || link_.watching()) return;
    const std::span<char> space = reader_->space();
    link_.socket().start_read(space.first(std::min(space.size(), kReadAtOnce)));
}

/// Takes what the read has brought that `start_reading` began. False: no more bytes will arrive.
bool RequestIntake::take_in(const net::Socket::ReadResult& result) {
    if (link_.watching()) std::ranges::copy(link_.take_watched(), reader_->space().data());
    reader_->received(result.bytes);
    // While a client sends without a pause, no read is pending that the timer could cancel.
    return !result.error && result.bytes != 0 && !link_.timed_out() && !gave_way_;
}

Async<bool> RequestIntake::send_continue() {
    state_.out.assign("HTTP/1.1 100 Continue\r\n\r\n");
    co_await link_.flush();
    co_return !link_.broken();
}

std::unique_ptr<RequestReader> RequestIntake::make_reader() const {
    return std::make_unique<RequestReader>(
        RequestReader::Limits{state_.options.max_header_bytes, state_.options.max_body_bytes});
}

void RequestIntake::next() {
    if (reader_)
        reader_->next();
    else
        reader_ = make_reader();
    share_.release();
}

void RequestIntake::rest() {
    next();
    if (reader_->has_unread_bytes())
        reader_->release();
    else
        reader_.reset();
    exchange_.route.reset();
    exchange_.values.reset();
}

void RequestIntake::close() noexcept {
    reader_.reset();
    share_.release();
}

// -- The memory for bodies

bool RequestIntake::hold_body() {
    if (link_.socket().reading() || link_.watching()) return true;
    (void)reader_->space();
    const std::size_t bytes = reader_->memory();
    // Nearly every request fits into the first buffer, which is not counted here.
    if (bytes <= kUncounted || hold_request(bytes)) return true;
    refuse(503, "the server is at its limit of request bytes under way");
    reader_->drop_bytes();
    share_.release();
    return false;
}

bool RequestIntake::hold_request(std::size_t bytes) {
    if (bytes > ByteShare::kSmall) note_upload();
    while (!share_.grow_to(bytes)) {
        if (!make_slowest_give_way()) return false;
    }
    return true;
}

void RequestIntake::note_upload() {
    const bool new_piece = reader_->body_received() >= upload_.next_piece;
    if (upload_.is_linked() && !new_piece) return;
    upload_.unlink();
    upload_.brought = state_.loop.now();
    upload_.next_piece = reader_->body_received() + kPiece;
    state_.uploads.push_back(upload_);
}

/// False: no body is slow.
bool RequestIntake::make_slowest_give_way() {
    if (state_.uploads.empty()) return false;
    Upload& slowest = state_.uploads.front();
    if (&slowest == &upload_) return false;
    if (slowest.brought + state_.options.give_way_after > state_.loop.now()) return false;
    slowest.owner.give_way();
    return true;
}

void RequestIntake::give_way() noexcept {
    gave_way_ = true;
    upload_.unlink();
    share_.release();
    link_.socket().cancel();
}

// -- What the head decides

void RequestIntake::begin_request() {
    slow_body_mark_ = 0;
    Admission(state_, *reader_, exchange_).decide(peer_);
}

bool RequestIntake::asks_before_body() const noexcept {
    const wire::RouteKind kind = exchange_.route->kind;
    if (kind != wire::RouteKind::kJsonRpc && kind != wire::RouteKind::kOperation) return false;
    const auto length = reader_->body_length();
    if (!length) return true;
    const bool waits = reader_->expects_continue() && *length > reader_->body_received();
    return waits || (*length > kSmallBody && *length > reader_->body_received());
}

/// Refuses callers without permission before any of the body is held in memory.
Async<void> RequestIntake::ask_before_body() {
    RequestContext context;
    context.headers = reader_->headers();
    complete(context);
    Async<Result<void>> pending = exchange_.site->handler().before_body(context);
    Result<void> passed = co_await std::move(pending);
    if (passed) {
        if (!context.values.empty())
            exchange_.values =
                std::make_unique<decltype(context.values)>(std::move(context.values));
        co_return;
    }
    const wire::Route& route = *exchange_.route;
    wire::Call call;
    call.json_rpc = route.kind == wire::RouteKind::kJsonRpc;
    call.version = wire::version_of_refusal(route, head());
    call.operation = route.operation;
    call.rpc_id = "null";
    call.content_type = wire::answer_type(head());
    HandledRequest handled{Result<Reply>(std::move(passed.error())), {}};
    exchange_.refusal = std::make_unique<wire::HttpResponse>(wire::encode(call, handled));
    exchange_.keep_alive = false;
    exchange_.lingering = true;
}

void RequestIntake::complete(RequestContext& context) const {
    context.remote_address = caller();
    context.request_id = exchange_.request_id;
    if (exchange_.values) context.values = *exchange_.values;
    if (!client_certificate_.empty()) {
        context.values.emplace(kClientCertificate, client_certificate_);
    }
}

/// If the head is incomplete or malformed, nothing is known about the request, and the response has
/// the protocol's default form.
void RequestIntake::refuse(int status, std::string_view message) {
    const wire::RequestHead request = head();
    if (exchange_.request_id.empty())
        exchange_.request_id = request_id_for(request.header("x-request-id"));
    exchange_.refusal = std::make_unique<wire::HttpResponse>(
        wire::http_error(status, message, request, state_.options.versions));
    exchange_.http_1_0 = reader_->http_1_0();
    exchange_.keep_alive = false;
    exchange_.lingering = true;
}

/// Called after a read that returned no bytes: true when the response is a 408.
bool RequestIntake::refuse_slow_client() {
    if (gave_way_ && !link_.aborted()) {
        refuse(408, "the body came too slowly while others needed its room; try again later");
        reader_->drop_bytes();
        return true;
    }
    if (!link_.timed_out() || link_.aborted() || !reader_->started()) return false;
    refuse(408, "the rest of the request did not arrive in time");
    return true;
}

void RequestIntake::log_answer(int status) const {
    if (!log::is_on(log::Level::kDebug)) return;
    // Log neither the query nor the authority of a full URL: both may hold secrets.
    const std::string_view target = without_authority(reader_->target());
    log::debug("request method={} path={} status={} request_id={}", reader_->method(),
               quoted(target.substr(0, target.find('?'))), status, exchange_.request_id);
}

}  // namespace a2akit::http
