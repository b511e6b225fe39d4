#include "cli/http.hpp"

#include "cli/console.hpp"
#include "cli/failure.hpp"
#include "client/caller_loop.hpp"
#include "client/card_finder.hpp"

#include <a2akit/client/interceptor.hpp>

#include <memory>
#include <utility>

namespace a2akit::cli {
namespace {

constexpr std::size_t kMaxAnswerBytes = 4U << 20U;
constexpr Duration kTimeout = std::chrono::seconds(30);
constexpr int kMaxRedirects = 5;

/// The body of a message, or how long it is when it is not text.
std::string readable(const ClientRequest& request, std::string_view bytes) {
    for (const auto& [name, value] : request.headers) {
        if (name == "Content-Type" && value.starts_with("application/grpc"))
            return "(" + std::to_string(bytes.size()) + " bytes of gRPC)";
    }
    return std::string(bytes);
}

/// Writes the raw messages for --debug.
class WireLog final : public Interceptor {
public:
    explicit WireLog(Console& console) : console_(console) {}

    AsyncResult<void> before(ClientRequest& request) override {
        if (request.attempt > 1) console_.debug("attempt " + std::to_string(request.attempt));
        console_.debug_request(request.method, request.url, request.headers,
                               readable(request, request.body));
        return Result<void>();
    }
    void after(const ClientRequest& request, int status, const Error* failure) override {
        if (failure != nullptr)
            console_.debug(std::string(request.operation) + ": " + failure->message);
        console_.debug_response(status, {}, {});
    }
    void received(const ClientRequest& request, std::string_view bytes) override {
        console_.debug_response(0, {}, readable(request, bytes));
    }

private:
    Console& console_;
};

/// Connections are kept from one request to the next, so that an agent is called over the one that
/// its card came by.
std::shared_ptr<client::HttpClient> http_client(const ClientOptions& options) {
    static const std::shared_ptr<client::HttpClient> kKept = client::make_curl_client(options);
    (void)kKept;
    return client::make_curl_client(options);
}

Failure unreachable(const Error& error) {
    return Failure(LocalError::kUnreachable, error.message,
                   "Check the address, and that the agent is running");
}

}  // namespace

ClientOptions client_options(const Options& given, Console& console) {
    ClientOptions options;
    options.verify_tls = !given.insecure;
    options.ca_file = given.ca_file;
    options.client_certificate_file = given.client_certificate;
    options.client_key_file = given.client_key;
    options.extensions = given.extensions;
    options.call_timeout = std::chrono::seconds(60);
    if (given.debug) options.interceptors = {std::make_shared<WireLog>(console)};
    return options;
}

client::HttpAnswer fetch_document(const std::string& url, const Options& options,
                                  Console& console) {
    ClientOptions how = client_options(options, console);
    how.call_timeout = kTimeout;
    how.max_card_bytes = kMaxAnswerBytes;
    // The agent is told which version is spoken to it, as in the calls.
    if (!options.a2a_version.empty()) how.headers.emplace_back("A2A-Version", options.a2a_version);
    client::CardFinder finder(http_client(how), how);
    // A redirect would take the certificate to an origin that it was not given for.
    const int redirects = options.client_certificate.empty() ? kMaxRedirects : 0;
    auto answer = client::run_blocking(finder.fetch(url, {}, redirects));
    if (answer) return std::move(*answer);
    if (answer.error().code == ErrorCode::kUnavailable) throw unreachable(answer.error());
    throw Failure(LocalError::kCardInvalid,
                  url + " is not an agent card: " + answer.error().message);
}

client::HttpAnswer http_call(client::HttpRequest request, const Options& options,
                             Console& console) {
    console.debug_request(request.method, request.url, request.headers, request.body);
    request.timeout = kTimeout;
    request.max_bytes = kMaxAnswerBytes;
    auto http = http_client(client_options(options, console));
    auto answer = client::run_blocking(http->perform(std::move(request)));
    if (!answer) throw unreachable(answer.error().error);
    console.debug_response(answer->head.status, answer->head.headers, answer->body);
    return std::move(*answer);
}

}  // namespace a2akit::cli
