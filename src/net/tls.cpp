#include "net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace a2akit::net {
namespace {

// The record and its keys are authenticated together, and recorded traffic stays secret when the
// server's key is stolen later. All cipher suites of TLS 1.3 are like that.
constexpr const char* kCiphers12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr std::string_view kSessionContext = "a2akit";

// -- The socket, as OpenSSL's BIO
// OpenSSL's own one would raise SIGPIPE when the peer has gone.

TlsSession::Wire& wire_of(BIO* bio) { return *static_cast<TlsSession::Wire*>(BIO_get_data(bio)); }

bool is_temporary(int error) noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int write_wire(BIO* bio, const char* data, int size) {
    TlsSession::Wire& wire = wire_of(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t sent =
        ::send(wire.descriptor, data, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && is_temporary(errno)) BIO_set_retry_write(bio);
    if (sent > 0) wire.sent += static_cast<std::uint64_t>(sent);
    return static_cast<int>(sent);
}

int read_wire(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t got =
        ::recv(wire_of(bio).descriptor, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (got < 0 && is_temporary(errno)) BIO_set_retry_read(bio);
    if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(got);
}

long control_wire(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return 0;
}

BIO_METHOD* wire_method() {
    static BIO_METHOD* const kMethod = [] {
        BIO_METHOD* method =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "a2akit socket");
        BIO_meth_set_write(method, write_wire);
        BIO_meth_set_read(method, read_wire);
        BIO_meth_set_ctrl(method, control_wire);
        return method;
    }();
    return kMethod;
}

// -- Credentials

using Context = std::shared_ptr<SSL_CTX>;

/// The first error of OpenSSL on this thread, in its words.
std::string why() {
    const unsigned long code = ERR_peek_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    std::string text = reason != nullptr ? reason : "unknown error";
    ERR_clear_error();
    return text;
}

Error wrong_file(const char* setting, const std::string& file, const std::string& problem) {
    return Error::invalid_field(setting, "\"" + file + "\" " + problem);
}

/// Without it, OpenSSL would ask for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

int select_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
    unsigned char* selected = nullptr;
    const int found = SSL_select_next_proto(&selected, size, kHttp11.data(), kHttp11.size(),
                                            offered, offered_size);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = selected;
    return SSL_TLSEXT_ERR_OK;
}

Result<void> use_certificate(SSL_CTX& context, const TlsFiles& files) {
    if (SSL_CTX_use_certificate_chain_file(&context, files.certificate.c_str()) != 1) {
        return fail(wrong_file("A2AKIT_TLS_CERT", files.certificate,
                               "is not a readable file with a certificate in PEM form: " + why()));
    }
    SSL_CTX_set_default_passwd_cb(&context, no_passphrase);
    if (SSL_CTX_use_PrivateKey_file(&context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        const unsigned long code = ERR_peek_error();
        const bool other = ERR_GET_LIB(code) == ERR_LIB_X509 &&
                           (ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH ||
                            ERR_GET_REASON(code) == X509_R_KEY_TYPE_MISMATCH);
        std::string reason = why();
        return fail(wrong_file(
            "A2AKIT_TLS_KEY", files.key,
            other
                ? "does not belong to the certificate in A2AKIT_TLS_CERT"
                : "is not a readable file with a private key in PEM form, without a passphrase: " +
                      reason));
    }
    return {};
}

Result<void> ask_for_certificates(SSL_CTX& context, const std::string& file) {
    STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file.c_str());
    if (names == nullptr || SSL_CTX_load_verify_file(&context, file.c_str()) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail(wrong_file("A2AKIT_TLS_CLIENT_CA", file,
                               "is not a readable file with certificates in PEM form: " + why()));
    }
    SSL_CTX_set_client_CA_list(&context, names);
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return {};
}

Result<Context> make_context(const TlsFiles& files) {
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context) return fail(ErrorCode::kUnavailable, "TLS cannot be set up: " + why());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context.get(), kCiphers12);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_PRIORITIZE_CHACHA);
    // An idle connection holds no buffers; data that was not accepted may be offered again from
    // another place.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Sessions are resumed by tickets, which cost the server no memory.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context.get(),
                                   reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                   kSessionContext.size());
    SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
    if (Result<void> used = use_certificate(*context, files); !used) {
        return fail(std::move(used.error()));
    }
    if (!files.client_ca.empty()) {
        if (Result<void> asks = ask_for_certificates(*context, files.client_ca); !asks) {
            return fail(std::move(asks.error()));
        }
    }
    return context;
}

/// The only URI among the alternative names; empty: none, or several.
std::string only_uri(const X509& certificate) {
    auto* const names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
    std::string found;
    int count = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI) continue;
        const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
        found.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                     static_cast<std::size_t>(ASN1_STRING_length(uri)));
        ++count;
    }
    GENERAL_NAMES_free(names);
    return count == 1 ? found : std::string();
}

}  // namespace

std::string certificate_name(const X509& certificate) {
    std::string name = only_uri(certificate);
    if (!name.empty() && name.find('\0') == std::string::npos) return name;
    const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
    // Beyond RFC 2253: characters that are not ASCII stay UTF-8.
    X509_NAME_print_ex(text.get(), X509_get_subject_name(&certificate), 0,
                       XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string certificate_name(std::string_view pem) {
    const std::unique_ptr<BIO, int (*)(BIO*)> text(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(
        PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr), X509_free);
    if (!certificate) {
        ERR_clear_error();
        return {};
    }
    return certificate_name(*certificate);
}

// -- A session

void TlsSession::Free::operator()(SSL* session) const noexcept { SSL_free(session); }

TlsSession::TlsSession(SSL_CTX& context, int descriptor)
    : wire_{descriptor}, session_(SSL_new(&context)) {
    BIO* const bio = BIO_new(wire_method());
    if (!session_ || bio == nullptr) {
        BIO_free(bio);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(session_.get(), bio, bio);
}

TlsSession::~TlsSession() { shut_down(); }

TlsSession::Outcome TlsSession::outcome_of(int result, std::size_t bytes) {
    if (result > 0) return {bytes, Want::kNothing, true};
    switch (SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {0, Want::kRead, false};
        case SSL_ERROR_WANT_WRITE:
            return {0, Want::kWrite, false};
        case SSL_ERROR_ZERO_RETURN:
            return {0, Want::kNothing, true};
        default:
            break;
    }
    failed_ = true;
    const unsigned long code = ERR_peek_error();
    met_plain_http_ =
        ERR_GET_LIB(code) == ERR_LIB_SSL && (ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST ||
                                             ERR_GET_REASON(code) == SSL_R_HTTPS_PROXY_REQUEST);
    failure_ = code == 0 ? "the client has closed the connection" : why();
    return {};
}

TlsSession::Outcome TlsSession::accept() {
    ERR_clear_error();
    const Outcome outcome = outcome_of(SSL_accept(session_.get()), 1);
    complete_ = outcome.bytes != 0;
    return outcome;
}

TlsSession::Outcome TlsSession::read(std::span<char> into) {
    if (failed_) return {};
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(session_.get(), into.data(), into.size(), &bytes);
    return outcome_of(result, bytes);
}

TlsSession::Outcome TlsSession::write(std::string_view data) {
    if (failed_) return {};
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_write_ex(session_.get(), data.data(), data.size(), &bytes);
    return outcome_of(result, bytes);
}

void TlsSession::shut_down() noexcept {
    if (!complete_ || failed_) return;
    complete_ = false;
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
}

std::string TlsSession::client_name() const {
    const X509* const certificate = SSL_get0_peer_certificate(session_.get());
    if (certificate == nullptr || SSL_get_verify_result(session_.get()) != X509_V_OK) return {};
    return certificate_name(*certificate);
}

TlsCredentials::TlsCredentials(TlsFiles files, std::shared_ptr<SSL_CTX> context)
    : files_(std::move(files)), context_(std::move(context)) {}

TlsCredentials::~TlsCredentials() = default;

Result<std::shared_ptr<TlsCredentials>> TlsCredentials::load(TlsFiles files) {
    Result<Context> context = make_context(files);
    if (!context) return fail(std::move(context.error()));
    return std::shared_ptr<TlsCredentials>(
        new TlsCredentials(std::move(files), std::move(*context)));
}

Result<void> TlsCredentials::reload() {
    Result<Context> context = make_context(files_);
    if (!context) return fail(std::move(context.error()));
    const std::lock_guard lock(mutex_);
    context_.swap(*context);
    return {};
}

std::unique_ptr<TlsSession> TlsCredentials::new_session(int descriptor) const {
    Context context;
    {
        const std::lock_guard lock(mutex_);
        context = context_;
    }
    return std::make_unique<TlsSession>(*context, descriptor);
}

}  // namespace a2akit::net
