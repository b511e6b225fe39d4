#pragma once

#include "client/transfer.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace a2akit::client {

/// One thread that moves the bytes of all clients' requests, with libcurl's multi interface on an
/// epoll descriptor. Connections are kept and shared. Safe from any thread.
class TransferEngine {
public:
    /// The engine of this process: begun for the first client, ended with the last one.
    [[nodiscard]] static std::shared_ptr<TransferEngine> shared();

    TransferEngine();
    TransferEngine(const TransferEngine&) = delete;
    TransferEngine& operator=(const TransferEngine&) = delete;
    /// REQUIRES: not on the engine's own thread.
    ~TransferEngine();

    void start(std::shared_ptr<Transfer> transfer);
    /// Ends the transfer if it has not ended; it may still be told so afterwards.
    void cancel(std::shared_ptr<Transfer> transfer);
    void unpause(std::shared_ptr<Transfer> transfer);

private:
    enum class Order : std::uint8_t { kStart, kCancel, kUnpause, kStop };

    void order(Order what, std::shared_ptr<Transfer> transfer);
    bool follow_orders();
    void run();
    void wait();
    void hand_out_finished();
    void remove(CURL* handle);
    void read_on();
    int watch(CURL* handle, curl_socket_t socket, int events);

    int epoll_;
    int wakeup_;
    CURLM* multi_;
    std::unordered_map<CURL*, std::shared_ptr<Transfer>> running_;
    std::unordered_map<CURL*, curl_socket_t> sockets_;  ///< The last one of each transfer.
    /// Streams of HTTP/2 that were paused before.
    std::unordered_set<CURL*> resumed_;
    std::optional<SteadyTime> due_;

    std::mutex mutex_;
    std::vector<std::pair<Order, std::shared_ptr<Transfer>>> orders_;
    std::thread thread_;
};

}  // namespace a2akit::client
