#include "cli/token_store.hpp"

#include "cli/safe_file.hpp"
#include "cli/settings.hpp"
#include "json/cursor.hpp"
#include "wire/uri.hpp"

#include <a2akit/json/json.hpp>

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace a2akit::cli {
namespace {

std::string path_of(const std::string& origin) {
    return (std::filesystem::path(configuration_directory()) / "tokens" /
            (wire::percent_encode(origin) + ".json"))
        .string();
}

}  // namespace

std::optional<StoredToken> load_token(const std::string& origin) {
    if (origin.empty()) return std::nullopt;
    const std::string path = path_of(origin);
    struct stat status{};
    // A file that others could have read or written is not trusted.
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077) != 0) return std::nullopt;
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    const std::string json = text.str();
    StoredToken token;
    std::string expires;
    json::Cursor cursor(json, json::Mode::kLenient);
    const bool read = cursor.object([&](std::string_view key) {
        if (cursor.kind() != json::Kind::kString) return cursor.skip();
        if (key == "accessToken") return cursor.string(token.access_token);
        if (key == "refreshToken") return cursor.string(token.refresh_token);
        if (key == "expiresAt") return cursor.string(expires);
        if (key == "tokenUrl") return cursor.string(token.token_url);
        if (key == "clientId") return cursor.string(token.client_id);
        return cursor.skip();
    });
    if (!read || token.access_token.empty()) return std::nullopt;
    (void)std::from_chars(expires.data(), expires.data() + expires.size(), token.expires_at);
    return token;
}

void save_token(const std::string& origin, const StoredToken& token) {
    save_secret_file(path_of(origin), Json::object({{"accessToken", token.access_token},
                                                    {"refreshToken", token.refresh_token},
                                                    {"expiresAt", std::to_string(token.expires_at)},
                                                    {"tokenUrl", token.token_url},
                                                    {"clientId", token.client_id}})
                                          .text());
}

bool remove_token(const std::string& origin) {
    std::error_code fault;
    return std::filesystem::remove(path_of(origin), fault);
}

}  // namespace a2akit::cli
