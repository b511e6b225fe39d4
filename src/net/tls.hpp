#pragma once

#include <a2akit/core/result.hpp>

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

/// TLS 1.2 and 1.3 for servers, by OpenSSL 3.
namespace a2akit::net {

/// PEM files, as A2AKIT_TLS_CERT, A2AKIT_TLS_KEY and A2AKIT_TLS_CLIENT_CA name them.
struct TlsFiles {
    std::string certificate;  ///< The server's certificate, followed by the intermediate ones.
    std::string key;
    std::string client_ca;  ///< Empty: clients are not asked for a certificate.
};

/// The name by which the holder of a verified certificate is known: the only URI among its
/// alternative names (as SPIFFE has it), otherwise its subject in the form of RFC 2253, for example
/// "CN=alice,O=Example".
[[nodiscard]] std::string certificate_name(const X509& certificate);
/// The same, of a certificate as PEM text; empty when it cannot be read.
[[nodiscard]] std::string certificate_name(std::string_view pem);

/// The server's half of one TLS session on a connected socket that does not block. Used on one
/// loop.
class TlsSession {
public:
    enum class Want : std::uint8_t { kNothing, kRead, kWrite };
    /// `bytes` 0 and `want` kNothing: the session has ended; `clean` when the peer said so.
    struct Outcome {
        std::size_t bytes = 0;
        Want want = Want::kNothing;
        bool clean = false;
    };

    TlsSession(SSL_CTX& context, int descriptor);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    /// Says goodbye if the session is sound.
    ~TlsSession();

    /// One step of the handshake. `bytes` is 1 when it is complete.
    [[nodiscard]] Outcome accept();
    /// REQUIRES: the handshake is complete; `into` is not empty.
    [[nodiscard]] Outcome read(std::span<char> into);
    /// Encrypts and sends up to one record. After kWrite, the next call has to begin with the same
    /// data. REQUIRES: the handshake is complete; `data` is not empty.
    [[nodiscard]] Outcome write(std::string_view data);
    /// Tells the peer that nothing more is sent.
    void shut_down() noexcept;

    /// Why the handshake has failed, for the log.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    /// The peer spoke plain HTTP.
    [[nodiscard]] bool met_plain_http() const noexcept { return met_plain_http_; }
    /// The `certificate_name` of the client; empty when it was not asked for one.
    [[nodiscard]] std::string client_name() const;
    /// Bytes that went to the socket.
    [[nodiscard]] std::uint64_t sent() const noexcept { return wire_.sent; }

    /// The socket, as OpenSSL's BIO uses it.
    struct Wire {
        int descriptor;
        std::uint64_t sent = 0;
    };

private:
    struct Free {
        void operator()(SSL* session) const noexcept;
    };
    [[nodiscard]] Outcome outcome_of(int result, std::size_t bytes);

    Wire wire_;
    std::unique_ptr<SSL, Free> session_;
    std::string failure_;
    bool complete_ = false;
    bool failed_ = false;
    bool met_plain_http_ = false;
};

/// The certificate of a server with its key, and the authorities whose clients it accepts. Safe
/// from any thread.
class TlsCredentials {
public:
    /// kInvalidParams naming the setting, the file and what is wrong with it: it cannot be read, is
    /// not PEM, or certificate and key do not belong together.
    static Result<std::shared_ptr<TlsCredentials>> load(TlsFiles files);
    ~TlsCredentials();
    TlsCredentials(const TlsCredentials&) = delete;
    TlsCredentials& operator=(const TlsCredentials&) = delete;

    /// Reads the files again, for sessions that begin from now on. With an error everything stays
    /// as it was.
    Result<void> reload();
    [[nodiscard]] std::unique_ptr<TlsSession> new_session(int descriptor) const;
    [[nodiscard]] const TlsFiles& files() const noexcept { return files_; }

private:
    TlsCredentials(TlsFiles files, std::shared_ptr<SSL_CTX> context);

    const TlsFiles files_;
    mutable std::mutex mutex_;
    std::shared_ptr<SSL_CTX> context_;  ///< Under the mutex.
};

}  // namespace a2akit::net
