#include "security/api_keys.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/utf8.hpp"
#include "security/text.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace a2akit::security {
namespace {

constexpr std::string_view kHashed = "sha256:";
constexpr const char* kSetting = "A2AKIT_API_KEYS_FILE";
// A key that can be guessed is not protected by anything else.
constexpr std::size_t kShortestSafeKey = 16;

std::optional<unsigned> hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

/// False: not 64 hexadecimal digits.
bool read_hex(std::string_view text, Digest& out) {
    if (text.size() != 2 * out.size()) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto high = hex_digit(text[2 * i]);
        const auto low = hex_digit(text[2 * i + 1]);
        if (!high || !low) return false;
        out[i] = static_cast<std::uint8_t>(*high * 16 + *low);
    }
    return true;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        line = trim(line);
        if (line.empty()) return words;
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

/// '#' begins a comment where a word could begin.
std::string_view without_comment(std::string_view line) {
    for (std::size_t at = line.find('#'); at != std::string_view::npos;
         at = line.find('#', at + 1)) {
        if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
    }
    return line;
}

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

Error wrong_file(const std::string& path, const std::string& problem) {
    return Error::invalid_field(kSetting, "\"" + path + "\" " + problem);
}

}  // namespace

std::string ApiKeys::read_line(std::string_view text, Table& table) {
    const std::vector<std::string_view> words = words_of(without_comment(text));
    if (words.empty()) return {};
    if (words.size() < 2) return "has no key; write \"principal key\"";
    if (words[0].size() > kMaxNameBytes)
        return "names a principal of more than " + std::to_string(kMaxNameBytes) + " bytes";
    if (!json::is_utf8(words[0])) return "names a principal that is not UTF-8";
    Digest digest{};
    if (words[1].starts_with(kHashed)) {
        if (!read_hex(words[1].substr(kHashed.size()), digest))
            return "has a hash that is not sha256: and 64 hexadecimal digits";
    } else if (is_visible(words[1])) {
        digest = sha256(words[1]);
    } else {
        return "has a key with characters that are not visible ASCII";
    }
    Principal principal;
    principal.name = words[0];
    principal.scopes.assign(words.begin() + 2, words.end());
    if (!table.emplace(digest, std::move(principal)).second)
        return "repeats the key of an earlier line";
    return {};
}

Result<std::shared_ptr<const ApiKeys::Table>> ApiKeys::read(const std::string& path) {
    std::ifstream file(path);
    if (!file) return fail(wrong_file(path, "cannot be read"));
    auto table = std::make_shared<Table>();
    std::string line;
    bool guessable = false;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.ends_with('\r')) line.pop_back();
        if (const std::string problem = read_line(line, *table); !problem.empty())
            return fail(wrong_file(path, "line " + std::to_string(number) + " " + problem));
        const auto words = words_of(without_comment(line));
        guessable = guessable || (words.size() > 1 && words[1].size() < kShortestSafeKey);
    }
    if (file.bad()) return fail(wrong_file(path, "cannot be read"));
    if (table->empty())
        return fail(wrong_file(path, "holds no keys; write one \"principal key\" per line"));
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        log::warn("settings {} can be read or changed by other users of the machine file={}",
                  kSetting, quoted(path));
    }
    if (guessable) {
        log::warn("settings {} holds keys of fewer than {} characters, which can be guessed",
                  kSetting, kShortestSafeKey);
    }
    return std::shared_ptr<const Table>(std::move(table));
}

Result<std::shared_ptr<ApiKeys>> ApiKeys::load(std::string path) {
    auto table = read(path);
    if (!table) return fail(std::move(table.error()));
    return std::shared_ptr<ApiKeys>(new ApiKeys(std::move(path), std::move(*table)));
}

Result<std::function<void()>> ApiKeys::read_again() {
    auto table = read(path_);
    if (!table) return fail(std::move(table.error()));
    return [this, fresh = std::move(*table)] {
        const std::lock_guard lock(mutex_);
        table_ = fresh;
    };
}

std::shared_ptr<const ApiKeys::Table> ApiKeys::table() const {
    const std::lock_guard lock(mutex_);
    return table_;
}

std::string_view ApiKeys::key_of(const RequestContext& context) const {
    if (const std::string_view key = context.header("x-api-key"); !key.empty()) return trim(key);
    const std::string_view token = bearer_token(context);
    if (leaves_ == Leaves::kUnknown && !token.empty())
        return table()->contains(sha256(token)) ? token : std::string_view();
    return leaves_ == Leaves::kJwts && looks_like_jwt(token) ? std::string_view() : token;
}

bool ApiKeys::is_present(const RequestContext& context) const { return !key_of(context).empty(); }

AsyncResult<Principal> ApiKeys::identify(const RequestContext& context, LoginGuard& guard) {
    const std::shared_ptr<const Table> keys = table();
    const auto found = keys->find(sha256(key_of(context)));
    if (found == keys->end()) {
        return guard.told(context.remote_address,
                          unauthenticated("the API key is not valid", challenge()));
    }
    return found->second;
}

std::string ApiKeys::challenge() const {
    const std::string own = R"(ApiKey realm="a2a", header="X-API-Key")";
    return leaves_ != Leaves::kNothing ? own : R"(Bearer realm="a2a", )" + own;
}

}  // namespace a2akit::security
