#pragma once

#include "backends/postgres/pg_address.hpp"
#include "backends/postgres/pg_request.hpp"
#include "net/asio_loop.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace a2akit::postgres {

/// One connection in pipeline mode: statements are sent as they come, each a transaction of its own, and answered in
/// that order. Belongs to one loop; made as a shared_ptr, which what is under way holds.
class PgConnection : public std::enable_shared_from_this<PgConnection> {
public:
    explicit PgConnection(net::AsioLoop& loop) : loop_(loop), descriptor_(loop.context().get_executor()) {}
    PgConnection(const PgConnection&) = delete;
    PgConnection& operator=(const PgConnection&) = delete;
    ~PgConnection();

    /// kUnavailable, in words for an operator. Once.
    AsyncResult<void> open(const PgAddress& address, SteadyTime deadline);
    /// REQUIRES: open, not closed.
    void send(PgRequest& request);
    /// Ends it; what is under way fails with `error`, and `closed` is raised.
    void close(Error error);

    [[nodiscard]] bool is_open() const noexcept { return connection_ != nullptr && pipelining_; }
    [[nodiscard]] Signal& closed() noexcept { return closed_; }
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.size(); }
    /// Since when the oldest statement under way waits.
    [[nodiscard]] std::optional<SteadyTime> waits_since() const noexcept;

    using OnNotify = std::function<void(std::string_view payload)>;
    void on_notify(OnNotify on_notify) { on_notify_ = std::move(on_notify); }

private:
    using Descriptor = boost::asio::posix::basic_stream_descriptor<net::AsioLoop::Executor>;
    enum class Wanted { kRead, kWrite };
    struct Flush : Work {
        explicit Flush(PgConnection& c) noexcept
            : Work([](Work& work) noexcept {
                  const auto self = std::move(static_cast<Flush&>(work).keep);
                  self->flush();
              }),
              connection(c) {}
        PgConnection& connection;
        std::shared_ptr<PgConnection> keep;  ///< Set while posted.
    };

    AsyncResult<void> wait_until_ready(Wanted wanted, SteadyTime deadline);
    AsyncResult<void> start_connecting(const PgAddress& address, SteadyTime deadline);
    void flush() noexcept;
    void await_readable();
    void await_writable();
    void read();
    void take_results();
    void take_notifications();
    void finish_front();
    void drop();

    net::AsioLoop& loop_;
    Descriptor descriptor_;
    pg_conn* connection_ = nullptr;
    bool pipelining_ = false;
    bool writing_ = false;
    PgRequestQueue under_way_;
    std::vector<bool> prepared_;
    // Of the front request.
    bool has_prepared_ = false;
    std::optional<PgRows> rows_;
    std::optional<Error> failure_;
    Flush flush_{*this};
    Signal closed_;
    OnNotify on_notify_;
};

}  // namespace a2akit::postgres
