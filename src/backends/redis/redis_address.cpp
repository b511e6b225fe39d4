#include "backends/redis/redis_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace a2akit::redis {
namespace {

constexpr int kMostDatabase = 1'000'000;

tl::unexpected<Error> wrong(std::string message) {
    return fail(ErrorCode::kInvalidParams, std::move(message));
}

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        if (i + 2 >= text.size()) return std::nullopt;
        const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
        if (error != std::errc{} || end != digits + 2) return std::nullopt;
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

template <class Number>
bool read_number(std::string_view text, Number& into, int least, int most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        return false;
    into = static_cast<Number>(value);
    return true;
}

Result<void> read_credentials(RedisAddress& address, std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return wrong("credentials: write user:password@, or :password@ for the default user");
    }
    auto user = decoded(text.substr(0, colon));
    auto password = decoded(text.substr(colon + 1));
    if (!user || !password)
        return wrong("credentials: a % begins two hexadecimal digits; write %25 for itself");
    address.user = std::move(*user);
    address.password = std::move(*password);
    return {};
}

Result<void> read_host(RedisAddress& address, std::string_view text) {
    std::string_view host = text.substr(0, text.rfind(':'));
    std::string_view port =
        host.size() == text.size() ? std::string_view() : text.substr(host.size() + 1);
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos)
            return wrong("host: an address of IPv6 stands in brackets");
        host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        if (!port.empty() && port.front() != ':')
            return wrong("host: behind the bracket stands nothing but a port");
        if (!port.empty()) port.remove_prefix(1);
    }
    if (host.empty()) return wrong("host: is missing; write redis://host:port/database");
    address.host = host;
    if (port.empty()) return {};
    if (!read_number(port, address.port, 1, 65535))
        return wrong("port: use a whole number from 1 to 65535");
    return {};
}

Result<void> read_parameter(RedisAddress& address, std::string_view key, std::string_view value) {
    auto text = decoded(value);
    if (!text) return wrong("parameters: a % begins two hexadecimal digits; write %25 for itself");
    if (key == "prefix")
        address.prefix = std::move(*text);
    else if (!address.tls)
        return wrong("parameters: use prefix; cafile, certfile and keyfile need rediss://");
    else if (key == "cafile")
        address.ca_file = std::move(*text);
    else if (key == "certfile")
        address.certificate_file = std::move(*text);
    else if (key == "keyfile")
        address.key_file = std::move(*text);
    else
        return wrong("parameters: use prefix, cafile, certfile and keyfile");
    return {};
}

Result<void> read_parameters(RedisAddress& address, std::string_view rest) {
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (one.empty()) continue;
        const std::string_view key = one.substr(0, one.find('='));
        const std::string_view value =
            key.size() == one.size() ? std::string_view() : one.substr(key.size() + 1);
        if (Result<void> read = read_parameter(address, key, value); !read) return read;
    }
    if (!address.key_file.empty() && address.certificate_file.empty())
        return wrong("keyfile: needs a certfile");
    return {};
}

}  // namespace

Result<RedisAddress> RedisAddress::parse(std::string_view url) {
    RedisAddress address;
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos)
        return wrong("write redis://host:port/database, or rediss:// for TLS");
    address.tls = url.substr(0, scheme) == "rediss";
    std::string_view rest = url.substr(scheme + 3);
    const std::string_view before = rest.substr(0, rest.find('?'));
    const std::string_view query =
        before.size() == rest.size() ? std::string_view() : rest.substr(before.size() + 1);
    std::string_view authority = before.substr(0, before.find('/'));
    std::string_view path = before.substr(authority.size());
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        if (auto read = read_credentials(address, authority.substr(0, at)); !read)
            return fail(std::move(read.error()));
        authority.remove_prefix(at + 1);
    }
    if (auto read = read_host(address, authority); !read) return fail(std::move(read.error()));
    if (path.size() > 1 && !read_number(path.substr(1), address.database, 0, kMostDatabase)) {
        return wrong(
            "database: use a whole number, such as redis://host:port/0; a / in user or password is "
            "written %2F");
    }
    if (auto read = read_parameters(address, query); !read) return fail(std::move(read.error()));
    return address;
}

}  // namespace a2akit::redis
