#pragma once

#include "http/admission.hpp"
#include "http/exchange.hpp"
#include "http/link.hpp"
#include "http/request_reader.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace a2akit::http {

/// Reads the requests of a connection, one after the other, within the limits on time and memory.
class RequestIntake {
public:
    /// `owner` gives way when its body is too slow. REQUIRES: link and owner outlive it.
    RequestIntake(Link& link, OpenConnection& owner, std::string peer);

    /// False: the client has gone, or nothing can be answered. Afterwards the exchange has a route
    /// and the body is there, or it has a refusal.
    Async<bool> read_request();
    /// Forgets the request that was read; the bytes after it stay.
    void next();
    /// Gives back what a stream does not need. The exchange keeps what its response needs.
    void rest();
    /// The connection ends.
    void close() noexcept;
    /// Ends the body that is being read, because others need its memory.
    void give_way() noexcept;

    [[nodiscard]] Exchange& exchange() noexcept { return exchange_; }
    /// Also finds the request's site.
    [[nodiscard]] wire::RequestHead head() noexcept { return head_of(*reader_, exchange_); }
    [[nodiscard]] std::string_view method() const noexcept { return reader_->method(); }
    [[nodiscard]] std::string_view body() const noexcept { return reader_->body(); }
    /// Gives back the memory of a body that has been decoded.
    void drop_body() { reader_->drop_body(); }
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }
    /// The address of the caller, which may be behind a proxy.
    [[nodiscard]] const std::string& caller() const noexcept {
        return exchange_.forwarded_for.empty() ? peer_ : exchange_.forwarded_for;
    }
    /// Fills in what only the connection knows.
    void complete(RequestContext& context) const;
    void set_client_certificate(std::string name) { client_certificate_ = std::move(name); }
    /// Logs the request, for operators who want every request in the log.
    void log_answer(int status) const;

private:
    [[nodiscard]] std::unique_ptr<RequestReader> make_reader() const;
    void begin_request();
    /// Whether the body is large and has not arrived completely.
    [[nodiscard]] bool asks_before_body() const noexcept;
    Async<void> ask_before_body();
    void refuse(int status, std::string_view message);
    [[nodiscard]] bool refuse_slow_client();

    void set_reading_deadline();
    [[nodiscard]] bool may_read() const noexcept;
    void start_reading();
    [[nodiscard]] bool take_in(const net::Socket::ReadResult& result);
    Async<bool> send_continue();

    /// Takes the memory for the body from the budget. False: it was refused.
    [[nodiscard]] bool hold_body();
    /// The same, but slow bodies give way to this one.
    [[nodiscard]] bool hold_request(std::size_t bytes);
    void note_upload();
    [[nodiscard]] bool make_slowest_give_way();

    Link& link_;
    LoopState& state_;
    std::unique_ptr<RequestReader> reader_;  ///< Null during a stream, if all bytes are read.
    ByteShare share_;
    Upload upload_;
    std::string peer_;
    std::string client_certificate_;  ///< The name in it; empty: none.
    Exchange exchange_;
    std::size_t slow_body_mark_ = 0;
    bool gave_way_ = false;
};

}  // namespace a2akit::http
