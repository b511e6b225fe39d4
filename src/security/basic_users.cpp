#include "security/basic_users.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/utf8.hpp"
#include "security/basic_credentials.hpp"
#include "security/text.hpp"

#include <a2akit/core/loop.hpp>

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <utility>

namespace a2akit::security {
namespace {

constexpr const char* kSetting = "A2AKIT_BASIC_USERS_FILE";
constexpr auto kRemembered = std::chrono::minutes(5);
constexpr std::size_t kMostRemembered = 1024;
// A password that was hashed with care takes a tenth of a second and more.
constexpr std::size_t kThreads = 2;
constexpr std::size_t kMostWaiting = 64;
// The longest password that crypt(3) takes.
constexpr std::size_t kLongestPassword = CRYPT_MAX_PASSPHRASE_SIZE - 1;

Error wrong_file(const std::string& path, const std::string& problem) {
    return Error::invalid_field(kSetting, "\"" + path + "\" " + problem);
}

bool is_right(const std::string& password, const std::string& hash) {
    const auto work = std::make_unique<crypt_data>();
    const char* const made = crypt_r(password.c_str(), hash.c_str(), work.get());
    const bool right = made != nullptr && hash.size() == std::string_view(made).size() &&
                       CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
    OPENSSL_cleanse(work.get(), sizeof *work);
    return right;
}

Digest digest_of(const std::string& seed, const std::string& user, const std::string& password) {
    // A name has no colon.
    std::string text;
    text.reserve(seed.size() + user.size() + password.size() + 1);
    text.append(seed).append(user).append(":").append(password);
    const Digest digest = sha256(text);
    OPENSSL_cleanse(text.data(), text.size());
    return digest;
}

/// Overwrites a password when it is not needed any more.
struct Cleansed {
    std::string text;
    Cleansed() = default;
    Cleansed(const Cleansed&) = delete;
    Cleansed& operator=(const Cleansed&) = delete;
    ~Cleansed() { OPENSSL_cleanse(text.data(), text.size()); }
};

}  // namespace

BasicUsers::BasicUsers(std::string path, std::shared_ptr<const Table> table,
                       std::shared_ptr<const Clock> clock)
    : path_(std::move(path)),
      clock_(std::move(clock)),
      table_(std::move(table)),
      known_(kMostRemembered),
      threads_(kThreads, kMostWaiting, "a2akit-login") {}

std::string BasicUsers::read_line(std::string_view line, Table& table) {
    if (trim(line).empty() || line.starts_with('#')) return {};
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) return "has no hash; write \"name:hash\"";
    const std::string_view name = line.substr(0, first);
    if (name.empty()) return "has no name";
    if (name.size() > kMaxNameBytes)
        return "has a name of more than " + std::to_string(kMaxNameBytes) + " bytes";
    if (!json::is_utf8(name)) return "has a name that is not UTF-8";
    line.remove_prefix(first + 1);
    User user;
    user.hash = trim(line.substr(0, line.find(':')));
    user.principal.name = name;
    const int salt = crypt_checksalt(user.hash.c_str());
    // A salt without its hash passes the check, and no password would ever be right.
    if (salt == CRYPT_SALT_INVALID || salt == CRYPT_SALT_METHOD_LEGACY || user.hash.size() < 32) {
        return "has no hash that crypt(3) knows; \"openssl passwd -6\" and \"htpasswd -nB\" make "
               "one";
    }
    if (const std::size_t second = line.find(':'); second != std::string_view::npos) {
        std::string scopes(line.substr(second + 1));
        std::ranges::replace(scopes, ' ', ',');
        for (const std::string_view scope : split_list(scopes))
            user.principal.scopes.emplace_back(scope);
    }
    if (table.decoy.empty()) table.decoy = user.hash;
    if (!table.users.emplace(name, std::move(user)).second)
        return "repeats the name of an earlier line";
    return {};
}

Result<std::shared_ptr<const BasicUsers::Table>> BasicUsers::read(const std::string& path) {
    std::ifstream file(path);
    if (!file) return fail(wrong_file(path, "cannot be read"));
    auto table = std::make_shared<Table>();
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.ends_with('\r')) line.pop_back();
        if (const std::string problem = read_line(line, *table); !problem.empty())
            return fail(wrong_file(path, "line " + std::to_string(number) + " " + problem));
    }
    if (file.bad()) return fail(wrong_file(path, "cannot be read"));
    if (table->users.empty())
        return fail(wrong_file(path, "names no users; write one \"name:hash\" per line"));
    table->seed.resize(32);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(table->seed.data()), 32) != 1)
        return fail(ErrorCode::kUnavailable, "the system has no random numbers");
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        log::warn("settings {} can be read or changed by other users of the machine file={}",
                  kSetting, quoted(path));
    }
    return std::shared_ptr<const Table>(std::move(table));
}

Result<std::shared_ptr<BasicUsers>> BasicUsers::load(std::string path,
                                                     std::shared_ptr<const Clock> clock) {
    auto table = read(path);
    if (!table) return fail(std::move(table.error()));
    return std::shared_ptr<BasicUsers>(
        new BasicUsers(std::move(path), std::move(*table), std::move(clock)));
}

Result<std::function<void()>> BasicUsers::read_again() {
    auto table = read(path_);
    if (!table) return fail(std::move(table.error()));
    return [this, fresh = std::move(*table)] {
        {
            const std::lock_guard lock(mutex_);
            table_ = fresh;
        }
        // A check under way remembers its pair under the former seed, where nobody looks for it.
        known_.clear();
    };
}

std::shared_ptr<const BasicUsers::Table> BasicUsers::table() const {
    const std::lock_guard lock(mutex_);
    return table_;
}

bool BasicUsers::is_present(const RequestContext& context) const {
    return is_basic(context.header("authorization"));
}

AsyncResult<Principal> BasicUsers::identify(const RequestContext& context, LoginGuard& guard) {
    std::string name;
    Cleansed password;
    const bool readable = read_basic(context.header("authorization"), name, password.text);
    // crypt(3) reads up to a zero byte.
    if (!readable || password.text.size() > kLongestPassword ||
        password.text.find('\0') != std::string::npos) {
        co_return guard.told(
            context.remote_address,
            unauthenticated("the credentials are not a name and a password", challenge()));
    }
    const std::shared_ptr<const Table> users = table();
    const Digest digest = digest_of(users->seed, name, password.text);
    if (auto known = known_.find(digest, clock_->now())) co_return std::move(*known);
    // Passwords can be guessed: an address that has sent too many wrong ones is not told whether
    // the next one is right.
    if (auto slowed = guard.refuse(context.remote_address, Loop::current()->now()))
        co_return std::move(*slowed);
    const auto user = users->users.find(name);
    const bool exists = user != users->users.end();
    // A name that does not exist takes as long as one that does.
    const std::string& hash = exists ? user->second.hash : users->decoy;
    bool right = false;
    Async<bool> hashing = threads_.run([&] {
        right = is_right(password.text, hash);
        ++hashed_;
    });
    const bool ran = co_await std::move(hashing);
    if (!ran) {
        co_return Error::unavailable("too many passwords are being checked; try again",
                                     std::chrono::seconds(1));
    }
    if (!exists || !right) {
        co_return guard.told(context.remote_address,
                             unauthenticated("the name or the password is wrong", challenge()));
    }
    const Timestamp now = clock_->now();
    known_.put(digest, user->second.principal, now, now + kRemembered);
    co_return user->second.principal;
}

std::string BasicUsers::challenge() const { return R"(Basic realm="a2a", charset="UTF-8")"; }

}  // namespace a2akit::security
