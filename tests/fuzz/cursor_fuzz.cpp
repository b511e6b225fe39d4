// A page token comes back as it was written, for its owner and filters only, and with any character
// altered not at all.
//
// The input: 40 bytes of numbers and an id, then texts that end with a NUL: owner, tenant, context,
// another owner, and what a client sends for a token, which begins with two bytes: where it writes
// into the true token, and how much.

#include "backends/common/list_cursor.hpp"

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using namespace a2akit;
using namespace a2akit::backends;

class Input {
public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}

    std::int64_t number() {
        std::int64_t value = 0;
        take(&value, sizeof value);
        return value;
    }
    void take(void* to, std::size_t bytes) {
        const std::size_t some = std::min(bytes, rest_.size());
        std::memcpy(to, rest_.data(), some);
        rest_.remove_prefix(some);
    }
    std::string text() {
        const std::size_t end = rest_.find('\0');
        std::string text(rest_.substr(0, end));
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        return text;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

bool same(const ListCursor& a, const ListCursor& b) {
    return a.started == b.started && a.last_time == b.last_time && a.last_id == b.last_id &&
           a.total == b.total;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const CursorCodec codec(CursorCodec::Key{1, 2, 3});
    Input input({reinterpret_cast<const char*>(data), size});
    ListCursor cursor{Timestamp(Duration(input.number())),
                      Timestamp(Duration(input.number())),
                      {},
                      input.number()};
    input.take(cursor.last_id.bytes.data(), 16);
    OwnerScope scope;
    scope.owner = input.text();
    scope.tenant = input.text();
    ListQuery query;
    query.context_id = input.text();
    OwnerScope other = scope;
    other.owner = input.text();

    const std::string token = codec.write(cursor, scope, query);
    const auto read = codec.read(token, scope, query);
    if (!read || !same(*read, cursor)) std::abort();
    if (other.owner != scope.owner && codec.read(token, other, query)) std::abort();

    const std::string_view rest = input.rest();
    if (codec.read(std::string(rest), scope, query)) std::abort();  // Nobody guesses a signature.
    if (rest.size() < 3) return 0;
    std::string altered = token;
    const std::size_t at = static_cast<unsigned char>(rest[0]) % token.size();
    altered.replace(at, static_cast<unsigned char>(rest[1]) % 4, rest.substr(2));
    if (altered != token && codec.read(altered, scope, query)) std::abort();
    return 0;
}
