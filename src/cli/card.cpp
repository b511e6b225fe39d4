#include "cli/card.hpp"

#include "cli/catalog.hpp"
#include "cli/failure.hpp"
#include "cli/http.hpp"
#include "json/codec.hpp"
#include "wire/client_codec.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace a2akit::cli {
namespace {

constexpr std::string_view kWellKnown = "/.well-known/agent-card.json";

struct Document {
    std::string text;
    std::string location;
    std::string origin;
};

bool is_url(std::string_view reference) {
    return reference.starts_with("http://") || reference.starts_with("https://");
}

bool is_path(std::string_view reference) {
    if (reference.starts_with('/') || reference.starts_with("./") || reference.starts_with("../") ||
        reference.starts_with("~/") || reference.ends_with(".json"))
        return true;
    std::error_code ignored;
    return std::filesystem::is_regular_file(std::filesystem::path(reference), ignored);
}

std::string expand_home(std::string_view path) {
    const char* home = std::getenv("HOME");
    if (!path.starts_with("~/") || home == nullptr) return std::string(path);
    return home + std::string(path.substr(1));
}

Document read_file(const std::string& path) {
    std::error_code ignored;
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path, ignored)) {
        throw Failure(LocalError::kCardNotFound, "the file " + path + " can't be read",
                      "Give --agent-card a host, the URL of a card, or the path of its file");
    }
    std::ostringstream text;
    text << file.rdbuf();
    return {text.str(), path, {}};
}

Document fetch(const std::string& url, const Options& options, Console& console) {
    client::HttpAnswer answer = fetch_document(url, options, console);
    const int status = answer.head.status;
    if (status >= 200 && status < 300)
        return {std::move(answer.body), answer.url, client::origin_of(answer.url)};
    const std::string said = url + " answered with HTTP status " + std::to_string(status);
    if (status == 401 || status == 403) {
        throw Failure(LocalError::kCredentialsMissing,
                      said + "; no credential is sent to a card that has not declared a scheme",
                      "Save the card to a file, and give its path to --agent-card");
    }
    if (status == 429 || status >= 500) throw Failure(LocalError::kUnreachable, said);
    const std::string_view location = answer.head.header("location");
    if (status >= 300 && status < 400 && !location.empty() && !options.client_certificate.empty()) {
        throw Failure(LocalError::kCardNotFound,
                      said + " to " + std::string(location) +
                          "; with a client certificate no redirect is followed",
                      "If the agent is there, give that address to --agent-card");
    }
    throw Failure(LocalError::kCardNotFound, said + ": there is no agent card",
                  "Give --agent-card the host of an agent, or the whole URL of its card");
}

/// "host:8000" -> "http://host:8000" on this machine, https elsewhere.
std::string url_of_host(std::string_view host) {
    const std::string_view name = host.substr(0, host.find('/'));
    const bool is_local =
        name.starts_with("localhost") || name.starts_with("127.") || name.starts_with("[::1]");
    return (is_local ? "http://" : "https://") + std::string(host);
}

bool is_origin(std::string_view url) {
    const std::size_t path = url.find('/', url.find("://") + 3);
    return path == std::string_view::npos || path + 1 == url.size();
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

bool is_json_object(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
}

Document fetch_url(const std::string& url, const Options& options, Console& console) {
    if (is_origin(url))
        return fetch(without_slash(url) + std::string(kWellKnown), options, console);
    if (url.ends_with(".json")) return fetch(url, options, console);
    // The URL of a card without ".json", or the base URL of an agent below a path.
    try {
        Document document = fetch(url, options, console);
        if (is_json_object(document.text)) return document;
    } catch (const Failure& failure) {
        if (!failure.is(LocalError::kCardNotFound)) throw;
    }
    return fetch(without_slash(url) + std::string(kWellKnown), options, console);
}

Document read_document(std::string_view reference, const Options& options, Console& console) {
    if (is_url(reference)) return fetch_url(std::string(reference), options, console);
    if (reference.starts_with("file://")) return read_file(std::string(reference.substr(7)));
    if (is_path(reference)) return read_file(expand_home(reference));
    if (reference.find("://") != std::string_view::npos) {
        throw Failure(LocalError::kCardNotFound,
                      "--agent-card: " + std::string(reference) + " can't be fetched",
                      "Use http://, https://, file:// or a path");
    }
    return fetch_url(url_of_host(reference), options, console);
}

}  // namespace

AgentCard read_card(std::string_view json, const std::string& location) {
    Result<AgentCard> card = wire::read_card(json);
    if (!card) {
        throw Failure(LocalError::kCardInvalid,
                      location + " is not an agent card: " + card.error().message,
                      "a2akit card get --validate names every fault");
    }
    if (card->name.empty() || card->supported_interfaces.empty()) {
        throw Failure(LocalError::kCardInvalid,
                      location + " is not an agent card: it has no " +
                          (card->name.empty() ? "name" : "supportedInterfaces, and no url"),
                      "a2akit card get --validate names every fault");
    }
    return std::move(*card);
}

ResolvedCard resolve_card(const Options& options, Console& console) {
    std::string_view reference = options.agent_card;
    if (reference.empty()) {
        throw Failure(LocalError::kUsage, "no agent is named",
                      "Add --agent-card REF, such as --agent-card http://127.0.0.1:8000, or set "
                      "A2ACLI_AGENT_CARD");
    }
    std::string_view chosen;
    if (const std::size_t hash = reference.find('#'); hash != std::string_view::npos) {
        chosen = reference.substr(hash + 1);
        reference = reference.substr(0, hash);
    }
    Document document = read_document(reference, options, console);
    if (is_catalog(document.text)) {
        CatalogEntry entry = find_agent(document.text, chosen, document.location);
        if (entry.url.empty()) {
            document.text = std::move(entry.card);
        } else {
            document = fetch(entry.url, options, console);
        }
    }
    AgentCard card = read_card(document.text, document.location);
    console.debug("the card of \"" + card.name + "\" is from " + document.location);
    return {std::move(card), std::move(document.text), std::move(document.location),
            std::move(document.origin)};
}

std::vector<std::string> faults_of_card(std::string_view json) {
    std::vector<std::string> faults;
    const Result<AgentCard> card = json::decode<AgentCard>(json);
    if (card) return faults;
    const Error& error = card.error();
    if (error.details != nullptr) {
        for (const FieldViolation& violation : error.details->violations)
            faults.push_back(violation.field + ": " + violation.description);
    }
    if (faults.empty()) faults.push_back(error.message);
    return faults;
}

}  // namespace a2akit::cli
