#include "backends/postgres/pg_lookup.hpp"

#include "backends/postgres/pg_error.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr Duration kLookEvery(2);

bool needs_no_lookup(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return host.empty() || host.front() == '/' || host.front() == '@' ||
           ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), address.data()) == 1;
}

std::vector<std::string> texts_of(const addrinfo* found) {
    std::vector<std::string> texts;
    for (; found != nullptr; found = found->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            texts.emplace_back(text.data());
        }
    }
    return texts;
}

}  // namespace

/// The data of the resolver's thread; it has to live until the thread is done.
struct PgLookups::Lookup {
    explicit Lookup(std::string name) : host(std::move(name)) {
        hints.ai_socktype = SOCK_STREAM;
        request.ar_name = host.c_str();
        request.ar_request = &hints;
    }
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;
    ~Lookup() {
        if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
    }
    [[nodiscard]] bool is_done() noexcept { return ::gai_error(&request) != EAI_INPROGRESS; }

    static std::shared_ptr<Lookup> start(std::string host) {
        // A look-up that cannot be stopped is left behind, since its thread still uses it.
        const auto let_go = [](Lookup* lookup) {
            if (lookup->is_done() || ::gai_cancel(&lookup->request) == EAI_CANCELED) delete lookup;
        };
        std::shared_ptr<Lookup> lookup(new Lookup(std::move(host)), let_go);
        gaicb* list[] = {&lookup->request};
        if (::getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr) != 0) return nullptr;
        return lookup;
    }

    const std::string host;
    addrinfo hints{};
    gaicb request{};
};

AsyncResult<std::vector<std::string>> PgLookups::addresses(std::string host, SteadyTime deadline) {
    if (needs_no_lookup(host)) co_return std::vector<std::string>{std::move(host)};
    auto& kept = under_way_[host];
    if (!kept) kept = Lookup::start(host);
    const std::shared_ptr<Lookup> lookup = kept;
    while (lookup && !lookup->is_done()) {
        if (Loop::current()->now() >= deadline) {
            co_return fail(unavailable(
                "the name service does not answer; check it, or write an address into the "
                "PostgreSQL URL"));
        }
        co_await sleep_for(kLookEvery);
    }
    if (const auto done = under_way_.find(host); done != under_way_.end() && done->second == lookup)
        under_way_.erase(done);
    std::vector<std::string> found = texts_of(lookup ? lookup->request.ar_result : nullptr);
    if (found.empty()) co_return fail(connection_error("could not translate host name"));
    co_return found;
}

}  // namespace a2akit::postgres
