#include "client/transfer_engine.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>

namespace a2akit::client {
namespace {

void initialise_curl_once() {
    static const CURLcode kDone = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (kDone != CURLE_OK) throw std::bad_alloc();
}

int checked(int descriptor, const char* what) {
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
    return descriptor;
}

/// Signals are for the program's own threads.
std::thread thread_without_signals(std::function<void()> body) {
    sigset_t all;
    sigset_t former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    std::thread thread(std::move(body));
    pthread_sigmask(SIG_SETMASK, &former, nullptr);
    return thread;
}

}  // namespace

std::shared_ptr<TransferEngine> TransferEngine::shared() {
    static std::mutex mutex;
    static std::weak_ptr<TransferEngine> engine;
    const std::lock_guard lock(mutex);
    std::shared_ptr<TransferEngine> current = engine.lock();
    if (!current) engine = current = std::make_shared<TransferEngine>();
    return current;
}

TransferEngine::TransferEngine()
    : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wakeup_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      multi_(nullptr) {
    initialise_curl_once();
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw std::bad_alloc();
    const auto on_socket = [](CURL* handle, curl_socket_t socket, int events, void* self, void*) {
        return static_cast<TransferEngine*>(self)->watch(handle, socket, events);
    };
    const auto on_timer = [](CURLM*, long milliseconds, void* self) {
        auto& engine = *static_cast<TransferEngine*>(self);
        engine.due_.reset();
        if (milliseconds >= 0)
            engine.due_ = std::chrono::steady_clock::now() + Duration(milliseconds);
        return 0;
    };
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION,
                      static_cast<curl_socket_callback>(on_socket));
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION,
                      static_cast<curl_multi_timer_callback>(on_timer));
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);
    // On a shared connection of HTTP/2, a transfer that is paused for its reader would hold up the
    // others.
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = wakeup_;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event), "epoll_ctl");
    thread_ = thread_without_signals([this] { run(); });
}

TransferEngine::~TransferEngine() {
    order(Order::kStop, nullptr);
    thread_.join();
    for (auto& [handle, transfer] : running_) curl_multi_remove_handle(multi_, handle);
    running_.clear();
    curl_multi_cleanup(multi_);
    ::close(wakeup_);
    ::close(epoll_);
}

void TransferEngine::start(std::shared_ptr<Transfer> transfer) {
    order(Order::kStart, std::move(transfer));
}
void TransferEngine::cancel(std::shared_ptr<Transfer> transfer) {
    order(Order::kCancel, std::move(transfer));
}
void TransferEngine::unpause(std::shared_ptr<Transfer> transfer) {
    order(Order::kUnpause, std::move(transfer));
}

void TransferEngine::order(Order what, std::shared_ptr<Transfer> transfer) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = orders_.empty();
        orders_.emplace_back(what, std::move(transfer));
    }
    if (!first) return;
    const std::uint64_t one = 1;
    (void)!::write(wakeup_, &one, sizeof one);
}

/// False: the engine has to stop.
bool TransferEngine::follow_orders() {
    std::vector<std::pair<Order, std::shared_ptr<Transfer>>> orders;
    {
        const std::lock_guard lock(mutex_);
        orders.swap(orders_);
    }
    for (auto& [what, transfer] : orders) {
        if (what == Order::kStop) return false;
        CURL* const handle = transfer->handle();
        if (what == Order::kStart) {
            running_.emplace(handle, transfer);
            if (curl_multi_add_handle(multi_, handle) != CURLM_OK) {
                running_.erase(handle);
                transfer->finish(CURLE_OUT_OF_MEMORY);
            }
        } else if (running_.contains(handle)) {
            if (what == Order::kUnpause) {
                transfer->unpause();
                if (transfer->is_http2()) resumed_.insert(handle);
            } else {
                remove(handle);
                running_.erase(handle);
                transfer->finish(CURLE_ABORTED_BY_CALLBACK);
            }
        }
    }
    return true;
}

void TransferEngine::run() {
    while (follow_orders()) {
        wait();
        read_on();
        hand_out_finished();
    }
}

void TransferEngine::wait() {
    int milliseconds = -1;
    if (due_) {
        const auto left = std::chrono::ceil<Duration>(*due_ - std::chrono::steady_clock::now());
        milliseconds = static_cast<int>(std::clamp<Duration::rep>(left.count(), 0, 60'000));
    }
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), milliseconds);
    int running = 0;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == wakeup_) {
            std::uint64_t ignored = 0;
            (void)!::read(wakeup_, &ignored, sizeof ignored);
            continue;
        }
        int mask = 0;
        if ((event.events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
        if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
        if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
        curl_multi_socket_action(multi_, event.data.fd, mask, &running);
    }
    if (due_ && *due_ <= std::chrono::steady_clock::now()) {
        due_.reset();
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

/// After a pause, libcurl waits for the socket of HTTP/2 although it holds bytes that it has read
/// from there already; so it is told that there is something, until nothing more comes.
void TransferEngine::read_on() {
    for (CURL* const handle : resumed_) {
        const Transfer& transfer = *running_.at(handle);
        for (std::size_t before = 0; before != transfer.received();) {
            const auto socket = sockets_.find(handle);
            if (socket == sockets_.end()) break;
            before = transfer.received();
            int running = 0;
            curl_multi_socket_action(multi_, socket->second, CURL_CSELECT_IN, &running);
        }
    }
}

void TransferEngine::remove(CURL* handle) {
    curl_multi_remove_handle(multi_, handle);
    resumed_.erase(handle);
    sockets_.erase(handle);
}

void TransferEngine::hand_out_finished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* const handle = message->easy_handle;
        const CURLcode outcome = message->data.result;
        remove(handle);
        const auto found = running_.extract(handle);
        if (!found.empty()) found.mapped()->finish(outcome);
    }
}

int TransferEngine::watch(CURL* handle, curl_socket_t socket, int events) {
    epoll_event event{};
    event.data.fd = socket;
    if (events == CURL_POLL_REMOVE) {
        std::erase_if(sockets_, [&](const auto& entry) { return entry.second == socket; });
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, &event);
        return 0;
    }
    sockets_[handle] = socket;
    if ((events & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((events & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
        return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    return 0;
}

}  // namespace a2akit::client
