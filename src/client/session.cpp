#include "client/session.hpp"

#include "core/later.hpp"
#include "wire/uri.hpp"

#include <a2akit/core/when.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace a2akit::client {
namespace {

constexpr std::size_t kMaxErrorBytes = 1U << 20U;
/// How long a subscription waits for the head of its answer, where the head may come late.
constexpr Duration kPatience = std::chrono::seconds(5);

std::string join(const std::vector<std::string>& items) {
    std::string joined;
    for (const std::string& item : items) joined += (joined.empty() ? "" : ", ") + item;
    return joined;
}

/// True when the credentials were given for the origin of `url`. A card that names a host does not
/// make that host trusted.
bool is_home(const ClientOptions& options, const std::string& home, const std::string& url) {
    const std::string origin = origin_of(url);
    const auto is_it = [&](const std::string& allowed) {
        return !origin.empty() && !allowed.empty() && origin_of(allowed) == origin;
    };
    const auto& named = options.credential_origins;
    return is_it(home) || std::any_of(named.begin(), named.end(), is_it);
}

/// The interfaces that the client's credentials may be sent to.
std::vector<AgentInterface> keep_home(std::vector<AgentInterface> interfaces,
                                      const ClientOptions& options, const std::string& home) {
    if (options.headers.empty() && options.bearer_token.empty() && options.credentials.empty() &&
        options.client_certificate_file.empty())
        return interfaces;
    if (!is_home(options, home, interfaces.front().url)) {
        const std::string origin = origin_of(interfaces.front().url);
        const std::string given = home.empty() ? "no origin" : origin_of(home);
        throw Exception({ErrorCode::kPermissionDenied,
                         "the agent card names an interface at " +
                             (origin.empty() ? "no readable URL" : origin) +
                             ", and the credentials were given for " + given +
                             "; to send them there, name it in ClientOptions::credential_origins",
                         nullptr});
    }
    std::erase_if(interfaces, [&](const AgentInterface& interface) {
        return !is_home(options, home, interface.url);
    });
    return interfaces;
}

std::vector<AgentInterface> in_order_of(const std::vector<std::string>& bindings,
                                        const std::vector<AgentInterface>& interfaces) {
    std::vector<AgentInterface> sorted;
    for (const std::string& binding : bindings) {
        for (const AgentInterface& interface : interfaces) {
            if (interface.protocol_binding == binding) sorted.push_back(interface);
        }
    }
    return sorted;
}

/// Leaves a gap in the body where each file of the call belongs.
Result<void> place_streamed(const Call& call, const Binding& binding, HttpRequest& http) {
    if (call.files.empty() || binding.max_file_bytes()) return {};
    auto places = cut_placeholders(call.files, http.body);
    if (!places) return fail(std::move(places.error()));
    http.files = std::move(*places);
    return {};
}

/// A failure that must not be repeated, whatever the policy.
Failure final_failure(Error error) { return {std::move(error), 0, true, {}}; }

}  // namespace

Session::Session(AgentCard card, ClientOptions options, std::shared_ptr<HttpClient> http,
                 const std::string& home)
    : card_(std::move(card)),
      options_(std::move(options)),
      seed_(std::random_device{}()),
      http_(std::move(http)) {
    auto chosen = choose_interfaces(card_, options_.bindings, options_.versions).value_or_throw();
    if (options_.prefer_bindings_order) chosen = in_order_of(options_.bindings, chosen);
    const bool tls = is_over_tls(home, card_);
    for (AgentInterface& interface : chosen) {
        if (interface.protocol_binding == "GRPC") interface.url = grpc_url(interface.url, tls);
    }
    for (AgentInterface& interface : keep_home(std::move(chosen), options_, home))
        bindings_.push_back(make_binding(std::move(interface)));
    authenticator_ = std::make_unique<Authenticator>(
        card_, options_, http_,
        [&](const std::string& url) { return is_home(options_, home, url); });
}

const Binding& Session::binding() const noexcept { return *bindings_[current_]; }

Backoff Session::backoff() noexcept {
    return {options_.retry, seed_.fetch_add(0x9E3779B97F4A7C15)};
}

Session::Progress Session::begin(Duration timeout) {
    Progress progress{.backoff = backoff(), .until = {}, .binding = current_};
    if (timeout > Duration::zero()) progress.until = later(Loop::current()->now(), timeout);
    return progress;
}

/// Goes on with another interface, when the failure says that this one is of no use.
bool Session::move_on(Progress& progress, const Failure& failure) {
    const bool other_version = failure.error.code == ErrorCode::kVersionNotSupported;
    if (!other_version && (failure.sent || failure.status != 0)) return false;
    const std::string_view version = bindings_[progress.binding]->codec().version();
    for (; progress.bindings_tried < bindings_.size(); ++progress.bindings_tried) {
        progress.binding = (progress.binding + 1) % bindings_.size();
        if (other_version && bindings_[progress.binding]->codec().version() == version) continue;
        ++progress.bindings_tried;
        return true;
    }
    return false;
}

void Session::settle(const Progress& progress) noexcept { current_ = progress.binding; }

Async<std::optional<Failure>> Session::before_next(Progress& progress, Failure failure,
                                                   Operation operation) {
    ++progress.attempt;
    const bool unwelcome = failure.error.code == ErrorCode::kUnauthenticated ||
                           failure.error.code == ErrorCode::kPermissionDenied;
    if (unwelcome && failure.status != 0 && authenticator_->can_refresh() &&
        !std::exchange(progress.refused, true))
        co_return std::nullopt;
    if (move_on(progress, failure)) co_return std::nullopt;
    if (!may_repeat(failure, operation, options_.retry)) co_return failure;
    const std::optional<Duration> delay = progress.backoff.next(failure.retry_after);
    if (!delay) co_return failure;
    if (progress.until && later(Loop::current()->now(), *delay) >= *progress.until)
        co_return failure;
    co_await sleep(*delay);
    progress.bindings_tried = 1;
    co_return std::nullopt;
}

AsyncResult<Reply> Session::call(Call call) {
    const auto self = shared_from_this();
    const bool is_send = call.operation == Operation::kSendMessage;
    Progress progress = begin(is_send ? options_.send_timeout : options_.call_timeout);
    for (;;) {
        Duration left = Duration::zero();
        if (progress.until) {
            left = std::chrono::ceil<Duration>(*progress.until - Loop::current()->now());
            left = std::max(left, Duration(1));
        }
        auto reply = co_await call_once(call, progress, left);
        if (reply) {
            settle(progress);
            co_return std::move(*reply);
        }
        auto given_up = co_await before_next(progress, std::move(reply.error()), call.operation);
        if (given_up) co_return fail(std::move(given_up->error));
    }
}

AsyncResult<OpenStream> Session::open(Call call) {
    const auto self = shared_from_this();
    Progress progress = begin(Duration::zero());
    for (;;) {
        auto stream = co_await open_at(call, progress);
        if (stream) {
            settle(progress);
            co_return std::move(*stream);
        }
        auto given_up = co_await before_next(progress, std::move(stream.error()), call.operation);
        if (given_up) co_return fail(std::move(given_up->error));
    }
}

Async<tl::expected<OpenStream, Failure>> Session::open_once(Call call, int attempt) {
    const auto self = shared_from_this();
    Progress progress = begin(Duration::zero());
    progress.attempt = attempt;
    auto stream = co_await open_at(call, progress);
    if (stream || stream.error().status == 0 || !authenticator_->can_refresh()) co_return stream;
    if (stream.error().error.code != ErrorCode::kUnauthenticated) co_return stream;
    progress.refused = true;
    co_return co_await open_at(call, progress);
}

AsyncResult<HttpRequest> Session::prepare(const Call& call, const Progress& progress,
                                          bool events) const {
    const Binding& binding = *bindings_[progress.binding];
    OperationParams params = call.params;
    std::visit([&](auto& p) { p.tenant = binding.interface().tenant; }, params);
    const auto max_file_bytes = binding.max_file_bytes();
    if (max_file_bytes && !call.files.empty()) {
        auto& message = std::get<SendMessageRequest>(params).message;
        if (auto loaded = load_files(call.files, message, *max_file_bytes); !loaded)
            co_return fail(std::move(loaded.error()));
    }
    auto http = binding.request(call.operation, params);
    if (!http) co_return http;
    Headers own{{"A2A-Version", std::string(binding.codec().version())},
                {"Accept", std::string(binding.accepts(events))}};
    if (!options_.extensions.empty())
        own.emplace_back(binding.codec().extensions_header(), join(options_.extensions));
    own.insert(own.end(), call.headers.begin(), call.headers.end());
    add_headers(*http, options_, std::move(own));
    auto applied = co_await authenticator_->apply(*http, progress.refused);
    if (!applied) co_return fail(std::move(applied.error()));
    co_return http;
}

Async<tl::expected<Reply, Failure>> Session::call_once(const Call& call, const Progress& progress,
                                                       Duration timeout) {
    const Binding& binding = *bindings_[progress.binding];
    auto http = co_await prepare(call, progress, false);
    if (!http) co_return tl::unexpected(final_failure(std::move(http.error())));
    binding.limit_time(*http, timeout);
    http->max_bytes = options_.max_answer_bytes;
    auto watched = co_await intercept(options_, to_string(call.operation), progress.attempt, *http);
    if (!watched) co_return tl::unexpected(final_failure(std::move(watched.error())));
    if (auto placed = place_streamed(call, binding, *http); !placed)
        co_return tl::unexpected(final_failure(std::move(placed.error())));
    auto answer = co_await http_->perform(std::move(*http));
    report(options_, *watched, answer ? answer->head.status : 0,
           answer ? nullptr : &answer.error().error);
    if (!answer) {
        co_return tl::unexpected(
            Failure{std::move(answer.error().error), 0, answer.error().sent, {}});
    }
    show(options_, *watched, answer->body);
    auto reply = binding.reply(*answer, call.operation);
    if (reply) co_return std::move(*reply);
    co_return tl::unexpected(to_failure(std::move(reply.error()), answer->head));
}

/// Reads the answer that came instead of a stream. It is an answer like that of any call: a zero
/// `timeout` is none.
static AsyncResult<void> read_rest(HttpStream& http, HttpAnswer& answer, Duration timeout) {
    const SteadyTime begun = Loop::current()->now();
    while (answer.body.size() < kMaxErrorBytes) {
        if (timeout > Duration::zero() && Loop::current()->now() - begun >= timeout) {
            co_return fail(ErrorCode::kUnavailable,
                           "the agent answered with no stream, and did not end its answer within " +
                               std::to_string(timeout.count()) + " ms");
        }
        auto bytes = co_await http.read();
        if (!bytes) co_return fail(std::move(bytes.error()));
        if (!*bytes) {
            answer.trailers = http.trailers();
            break;
        }
        answer.body += **bytes;
    }
    co_return Result<void>();
}

Async<tl::expected<OpenStream, Failure>> Session::open_at(const Call& call,
                                                          const Progress& progress) {
    const Binding& binding = *bindings_[progress.binding];
    auto http = co_await prepare(call, progress, true);
    if (!http) co_return tl::unexpected(final_failure(std::move(http.error())));
    http->idle_timeout = options_.stream_idle_timeout;
    auto watched = co_await intercept(options_, to_string(call.operation), progress.attempt, *http);
    if (!watched) co_return tl::unexpected(final_failure(std::move(watched.error())));
    if (auto placed = place_streamed(call, binding, *http); !placed)
        co_return tl::unexpected(final_failure(std::move(placed.error())));
    OpenStream stream{http_->open(std::move(*http)), &binding, std::move(*watched)};
    if (call.operation == Operation::kSubscribeToTask && binding.may_begin_late()) {
        stream.begun = co_await stream.http->begins_within(kPatience);
        if (!stream.begun) co_return std::move(stream);
    }
    if (auto failure = co_await finish_opening(stream, options_))
        co_return tl::unexpected(std::move(*failure));
    co_return std::move(stream);
}

Async<std::optional<Failure>> finish_opening(OpenStream& stream, const ClientOptions& options) {
    auto head = co_await stream.http->head();
    report(options, stream.request, head ? head->status : 0, head ? nullptr : &head.error().error);
    if (!head) co_return Failure{std::move(head.error().error), 0, head.error().sent, {}};
    stream.begun = true;
    if (stream.binding->is_event_stream(*head)) co_return std::nullopt;
    HttpAnswer answer{std::move(*head), {}};
    auto read = co_await read_rest(*stream.http, answer, options.call_timeout);
    show(options, stream.request, answer.body);
    Error refusal = read ? stream.binding->refusal(answer) : std::move(read.error());
    co_return to_failure(std::move(refusal), answer.head);
}

AsyncResult<std::optional<ClientRequest>> intercept(const ClientOptions& options,
                                                    std::string_view operation, int attempt,
                                                    HttpRequest& request) {
    if (options.interceptors.empty()) co_return std::optional<ClientRequest>();
    std::optional<ClientRequest> seen(ClientRequest{operation, request.method, request.url,
                                                    request.headers, request.body, attempt});
    for (const auto& interceptor : options.interceptors) {
        if (auto ok = co_await interceptor->before(*seen); !ok)
            co_return fail(std::move(ok.error()));
    }
    request.headers = seen->headers;
    request.body = seen->body;
    co_return seen;
}

void report(const ClientOptions& options, const std::optional<ClientRequest>& request, int status,
            const Error* failure) {
    if (!request) return;
    for (const auto& interceptor : options.interceptors)
        interceptor->after(*request, status, failure);
}

void show(const ClientOptions& options, const std::optional<ClientRequest>& request,
          std::string_view bytes) {
    if (!request) return;
    for (const auto& interceptor : options.interceptors) interceptor->received(*request, bytes);
}

void add_headers(HttpRequest& request, const ClientOptions& options, Headers own) {
    if (!options.bearer_token.empty())
        own.emplace_back("Authorization", "Bearer " + options.bearer_token);
    std::move(own.begin(), own.end(), std::back_inserter(request.headers));
    std::erase_if(request.headers, [&](const auto& header) {
        return std::any_of(options.headers.begin(), options.headers.end(), [&](const auto& users) {
            return wire::equal_ignoring_case(header.first, users.first);
        });
    });
    request.headers.insert(request.headers.end(), options.headers.begin(), options.headers.end());
}

Failure to_failure(Error error, const HttpHead& head) {
    Failure failure{std::move(error), head.status, true, {}};
    if (failure.error.details) failure.retry_after = failure.error.details->retry_after;
    const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    if (const auto named = parse_retry_after(head.header("retry-after"), now))
        failure.retry_after = named;
    Error::Details details;
    if (failure.error.details) details = *failure.error.details;
    details.retry_after = failure.retry_after;
    if (failure.error.code == ErrorCode::kUnauthenticated)
        details.challenge = head.header("www-authenticate");
    if (details.retry_after || !details.challenge.empty())
        failure.error.details = std::make_shared<const Error::Details>(std::move(details));
    return failure;
}

}  // namespace a2akit::client
