#pragma once

#include <a2akit/client/credentials.hpp>
#include <a2akit/client/interceptor.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/protocol/requests.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {

class CardCache;

/// When and how often a call is made again, and a stream is resumed. The delays double from
/// `first_delay` to `max_delay`, and each is shortened by a random part of up to a half.
/// A Retry-After of the agent is the shortest delay; when it is longer than `max_delay`, the call
/// fails with it instead (Error::Details::retry_after).
struct RetryPolicy {
    /// The number of attempts in all, the first included; 1: none is repeated. For a stream: the
    /// number of attempts to resume it without news in between.
    int attempts = 4;
    Duration first_delay = std::chrono::milliseconds(200);
    Duration max_delay = std::chrono::seconds(10);
    /// A send whose answer was lost is made again with the same messageId and Idempotency-Key. An
    /// agent that knows neither then runs it twice, so this is off. Sends that have certainly not
    /// been accepted (no connection, 429, 503) are always repeated.
    bool repeat_lost_sends = false;
};

/// What happens with the signatures of a card that is fetched (specification 1.0, section 8.4).
enum class CardCheck : std::uint8_t {
    kOff,     ///< They are not looked at.
    kSoft,    ///< FetchedCard::signed_by tells whose is right; the card is used whether one is or
              ///< not.
    kStrict,  ///< A card without a right signature of a trusted key is refused (kUnauthenticated).
};

/// Whose signatures of cards are trusted. A card whose signature is right is used as far as the
/// signature covers it: fields that are not the protocol's are left out.
struct CardTrust {
    CardCheck check = CardCheck::kOff;
    /// A set of keys (RFC 7517); see key_set_of_pem and CardSigner::public_keys. Empty: none.
    std::string keys = {};
    /// URLs of further sets. One is fetched when a signature names exactly this URL (`jku`); a URL
    /// that is not listed here never is.
    std::vector<std::string> key_set_urls = {};
};

struct ClientOptions {
    /// Sent with every request. A name given here wins over the client's own header of that name.
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// Sent as "Authorization: Bearer …".
    std::string bearer_token = {};
    /// By the name of a security scheme in the card; under the empty name for any scheme of a kind
    /// that it fits. The client takes the first of the card's security requirements that it has
    /// credentials for (specification 1.0, section 7).
    std::map<std::string, Credential> credentials = {};
    /// Further origins, such as "https://agents.example:8443", that `headers`, `bearer_token`,
    /// `credentials` and the client's certificate may be sent to. The origin of the URL given to
    /// `connect` is always allowed; another host or port, or plain http where the URL says https,
    /// is a further origin. A client made from a card has no URL, so the origins for its
    /// credentials are named here.
    std::vector<std::string> credential_origins = {};
    /// URIs of the extensions that the client wants to be active (A2A-Extensions).
    std::vector<std::string> extensions = {};
    /// Which bindings the client may use; of those, the card's order decides. "GRPC" is used in
    /// programs that link a2akit::grpc_client. Its port is another origin than that of the card
    /// (see credential_origins). An address without a scheme is dialled with TLS when the card came
    /// over https.
    std::vector<std::string> bindings = {"JSONRPC", "HTTP+JSON", "GRPC"};
    /// True: the order of `bindings` decides, and the card's order only among interfaces of the
    /// same binding.
    bool prefer_bindings_order = false;
    /// Which versions of the protocol the client may use; of those, the card's order decides.
    std::vector<std::string> versions = {"1.0", "0.3"};
    Duration connect_timeout = std::chrono::seconds(10);
    /// For whole calls, repeats included, but not for sends: their answer may take as long as the
    /// task does. For an answer that comes instead of a stream, too.
    Duration call_timeout = std::chrono::seconds(30);
    /// For sends that wait for their task. Zero: none.
    Duration send_timeout = Duration::zero();
    /// A stream is cut when nothing, not even a heartbeat, arrives for this long. Over gRPC, which
    /// has no heartbeats, the task is subscribed to again.
    Duration stream_idle_timeout = std::chrono::seconds(60);
    RetryPolicy retry = {};
    /// False: a stream that is cut throws kUnavailable instead of being resumed.
    bool resume_streams = true;
    std::size_t max_answer_bytes = 64U << 20U;
    std::size_t max_card_bytes = 1U << 20U;
    /// The largest event of a stream. A stream as a whole has no limit.
    std::size_t max_event_bytes = 16U << 20U;
    /// PEM file of the certificate authorities to trust; empty: the system's.
    std::string ca_file = {};
    /// False: any certificate of the agent is accepted, which makes TLS worthless against an
    /// attacker on the way. For tests.
    bool verify_tls = true;
    /// PEM files of the client's certificate and its key, for mutual TLS; empty: none.
    std::string client_certificate_file = {};
    std::string client_key_file = {};
    /// Called around every HTTP request, in this order.
    std::vector<std::shared_ptr<Interceptor>> interceptors = {};
    /// Where `connect` looks for the card first. Null: the card is fetched each time.
    std::shared_ptr<CardCache> card_cache = {};
    /// For the cards that `connect` and `fetch_card` fetch; a card that is given as a value is the
    /// caller's own word.
    CardTrust card_trust = {};
};

struct SendOptions {
    std::optional<SendMessageConfiguration> configuration = {};
    RawJson metadata = {};
    /// Names this send: a repeat of the same message under the same key happens once. Empty: the
    /// client makes one up.
    std::string idempotency_key = {};
};

}  // namespace a2akit
