#pragma once

#include <a2akit/client/client_options.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/protocol/agent_card.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace a2akit {

namespace client {
class CardFinder;
}

/// A card, and the text it was read from.
struct FetchedCard {
    AgentCard card = {};
    std::string json = {};  ///< As the agent sent it.
    std::string url = {};   ///< Where it was fetched.
    /// The id that the right signature gives its key, which may be empty. Nullopt when no signature
    /// is right, or none was looked for (CardTrust).
    std::optional<std::string> signed_by = {};
};

/// Agent cards that were fetched before, in memory (specification 1.0, section 8.6): used as they
/// are until their max-age is over, and asked for by ETag afterwards. Cards that were fetched with
/// different headers or tokens are kept apart. Safe from any thread; holds at most 64 cards.
class CardCache {
public:
    CardCache();
    CardCache(const CardCache&) = delete;
    CardCache& operator=(const CardCache&) = delete;
    ~CardCache();

private:
    friend class client::CardFinder;
    class Entries;
    std::unique_ptr<Entries> entries_;
};

/// Fetches the card of the agent at `url`: its base URL, or the URL of a card (ends with ".json").
/// Cards of 0.3 and of both versions in one are read, too. Blocks the calling thread. Throws
/// Exception: kUnavailable when there is no answer, kUnauthenticated and kPermissionDenied for 401
/// and 403, kInvalidAgentResponse when what is there is not an agent card, kUnauthenticated when
/// its signature is not what ClientOptions::card_trust demands.
[[nodiscard]] FetchedCard fetch_card(std::string url, ClientOptions options = {});
[[nodiscard]] AsyncResult<FetchedCard> fetch_card_async(std::string url,
                                                        ClientOptions options = {});

/// Reads a card from its JSON, in any version. Throws Exception (kInvalidAgentResponse).
[[nodiscard]] AgentCard parse_card(std::string_view json);
/// Reads a card from a file. Throws Exception (kUnavailable when the file can't be read).
[[nodiscard]] AgentCard read_card_file(const std::filesystem::path& file);

}  // namespace a2akit
