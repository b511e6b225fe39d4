#include "backends/common/data_keys.hpp"

#include <a2akit/core/error.hpp>

#include <algorithm>

namespace a2akit::backends {
namespace {

// Sealed: a byte that names this form, the length of the key's id, the id, what seal_aead makes.
constexpr char kForm = 1;
constexpr std::size_t kHead = 2;
constexpr std::size_t kLongestId = 32;
constexpr const char* kSetting = "A2AKIT_DATA_KEYS";

bool is_id(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= kLongestId && std::ranges::all_of(text, allowed);
}

tl::unexpected<Error> wrong(std::size_t place, const std::string& why) {
    return fail(Error::invalid_field(kSetting, "entry " + std::to_string(place) + why));
}

}  // namespace

Result<DataKeys> DataKeys::parse(std::string_view text) {
    std::vector<std::pair<std::string, AeadKey>> keys;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(',', at), text.size());
        const std::string_view entry = text.substr(at, end - at);
        const std::size_t place = keys.size() + 1;
        at = end + 1;
        const auto colon = entry.find(':');
        const std::string_view id = entry.substr(0, colon);
        if (colon == std::string_view::npos || !is_id(id)) {
            return wrong(place,
                         " is not an id of 1 to 32 letters, digits, \".\", \"_\" or \"-\", then a "
                         "colon and the key");
        }
        const auto key = AeadKey::from_text(entry.substr(colon + 1));
        if (!key) {
            return wrong(place,
                         " has a key that is not 32 bytes as 64 hexadecimal digits or as base64; "
                         "`openssl rand -hex 32` makes one");
        }
        if (std::ranges::any_of(keys, [&](const auto& known) { return known.first == id; }))
            return wrong(place, " has the id of another one; each key needs an id of its own");
        keys.emplace_back(id, *key);
    }
    return DataKeys(std::move(keys));
}

Result<std::string> DataKeys::seal(std::string_view plain, std::string_view about) const {
    const auto& [id, key] = keys_.front();
    std::string sealed;
    sealed.append(1, kForm).append(1, static_cast<char>(id.size())).append(id);
    if (seal_aead(key, plain, about, sealed)) return sealed;
    return fail(ErrorCode::kInternal, "what is to be stored cannot be encrypted");
}

std::string_view DataKeys::key_id(std::string_view sealed) noexcept {
    const std::size_t length = sealed.size() < kHead ? 0 : static_cast<std::uint8_t>(sealed[1]);
    if (length == 0 || sealed[0] != kForm || sealed.size() < kHead + length) return {};
    return sealed.substr(kHead, length);
}

bool DataKeys::has_key(std::string_view id) const noexcept {
    return std::ranges::any_of(keys_, [&](const auto& key) { return key.first == id; });
}

Result<std::string> DataKeys::open(std::string_view sealed, std::string_view about) const {
    const std::string_view id = key_id(sealed);
    if (id.empty())
        return fail(ErrorCode::kInternal, "it is not in the form that this version encrypts");
    const auto known =
        std::ranges::find_if(keys_, [&](const auto& key) { return key.first == id; });
    if (known == keys_.end()) {
        return fail(ErrorCode::kInternal, "it is encrypted with the key \"" + std::string(id) +
                                              "\", which A2AKIT_DATA_KEYS does not have");
    }
    auto plain = open_aead(known->second, sealed.substr(kHead + id.size()), about);
    if (plain) return std::move(*plain);
    return fail(ErrorCode::kInternal, "it does not open with the key \"" + std::string(id) +
                                          "\": it was changed or moved, or the key is another one");
}

}  // namespace a2akit::backends
