#include "runtime/runs/context_cipher.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace a2akit {
namespace {

// Sealed: a byte that names this form, then what seal_aead makes.
constexpr char kForm = 1;

void put_number(std::string& out, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xFF);
}

void put(std::string& out, std::string_view text) {
    put_number(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

std::string plain_form(const RequestContext& context) {
    std::string out;
    put_number(out, static_cast<std::uint32_t>(context.headers.size()));
    for (const auto& [name, value] : context.headers) {
        put(out, name);
        put(out, value);
    }
    put_number(out, static_cast<std::uint32_t>(context.values.size()));
    for (const auto& [name, value] : context.values) {
        put(out, name);
        put(out, value);
    }
    put(out, context.remote_address);
    put(out, context.request_id);
    if (context.sender) {
        put(out, context.sender->name);
        put_number(out, static_cast<std::uint32_t>(context.sender->scopes.size()));
        for (const std::string& scope : context.sender->scopes) put(out, scope);
    }
    return out;
}

/// Reads what plain_form wrote, here or in an earlier version, which knew no sender. It was
/// authenticated, so that its lengths are right.
class PlainReader {
public:
    explicit PlainReader(std::string_view plain) : left_(plain) {}

    std::uint32_t number() {
        std::uint32_t value = 0;
        for (const char byte : take(4)) value = (value << 8) | static_cast<std::uint8_t>(byte);
        return value;
    }
    std::string text() {
        const std::uint32_t size = number();
        return std::string(take(size));
    }
    [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

private:
    std::string_view take(std::size_t size) {
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view left_;
};

RequestContext read_plain(std::string_view plain) {
    PlainReader reader(plain);
    RequestContext context;
    for (std::uint32_t left = reader.number(); left > 0; --left) {
        std::string name = reader.text();
        context.headers.emplace_back(std::move(name), reader.text());
    }
    for (std::uint32_t left = reader.number(); left > 0; --left) {
        std::string name = reader.text();
        context.values.emplace(std::move(name), reader.text());
    }
    context.remote_address = reader.text();
    context.request_id = reader.text();
    if (reader.at_end()) return context;
    Principal& sender = context.sender.emplace();
    sender.name = reader.text();
    for (std::uint32_t left = reader.number(); left > 0; --left)
        sender.scopes.push_back(reader.text());
    return context;
}

std::string associated_data(TaskId task, Turn turn) {
    std::string data = "a2akit context";
    data.append(reinterpret_cast<const char*>(task.bytes.data()), task.bytes.size());
    put_number(data, turn);
    return data;
}

}  // namespace

Result<ContextCipher> ContextCipher::from_text(std::string_view keys) {
    std::vector<AeadKey> read;
    for (std::size_t at = 0; at <= keys.size();) {
        const auto end = std::min(keys.find(',', at), keys.size());
        const auto key = AeadKey::from_text(keys.substr(at, end - at));
        if (!key) {
            return fail(Error::invalid_field(
                "A2AKIT_CONTEXT_KEY", "key " + std::to_string(read.size() + 1) +
                                          " is not 32 bytes as 64 hexadecimal digits or as base64; "
                                          "`openssl rand -hex 32` makes one"));
        }
        read.push_back(*key);
        at = end + 1;
    }
    return ContextCipher(std::move(read));
}

Result<SealedContext> ContextCipher::seal(const RequestContext& context, TaskId task,
                                          Turn turn) const {
    SealedContext sealed;
    sealed.bytes = kForm;
    if (seal_aead(keys_.front(), plain_form(context), associated_data(task, turn), sealed.bytes))
        return sealed;
    return fail(ErrorCode::kInternal, "the request's context could not be sealed");
}

std::optional<RequestContext> ContextCipher::open(const SealedContext& sealed, TaskId task,
                                                  Turn turn) const {
    const std::string_view in = sealed.bytes;
    if (in.empty() || in[0] != kForm) return std::nullopt;
    const std::string about = associated_data(task, turn);
    for (const AeadKey& key : keys_) {
        if (const auto plain = open_aead(key, in.substr(1), about)) return read_plain(*plain);
    }
    return std::nullopt;
}

}  // namespace a2akit
