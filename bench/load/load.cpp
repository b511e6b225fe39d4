// A closed loop of HTTP requests over some connections, on one thread; prints one line of JSON.
//
//   load PORT REQUEST_FILE --connections N --requests N [--pid P]     how fast, and the server's
//   CPU per request load PORT REQUEST_FILE … --rate R                             the same, R
//   requests a second (as long as a connection is free) load PORT REQUEST_FILE --open N opens N
//   streams, holds them until stdin closes
//
// PORT may be several, separated by commas: the connections go to them in turn.
// The request is sent as it is; "@@@@@@@@" in it is replaced by a number, so that each message has
// an id of its own. An answer ends by its Content-Length or its last chunk. Anything but status 200
// is an error and ends the run.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "load: %s\n", why.c_str());
    std::exit(1);
}

struct Options {
    std::vector<int> ports;
    std::string request;
    int connections = 32;
    long requests = 10'000;
    int open = 0;
    long pid = 0;
    long rate = 0;  // requests a second; 0: as fast as the answers come
};

struct Connection {
    int fd = -1;
    std::string in;
    Clock::time_point sent{};
};

// Nanoseconds of CPU that all threads of a process have used.
std::uint64_t cpu_ns(long pid) {
    std::uint64_t total = 0;
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream file(thread.path() / "schedstat");
        std::uint64_t ns = 0;
        file >> ns;
        total += ns;
    }
    return total;
}

// Microseconds of CPU that this process has used.
double own_cpu_us() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto total = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return total(used.ru_utime) + total(used.ru_stime);
}

int connect_to(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        die("cannot connect");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

// The length of the first whole answer; 0 when it has not arrived yet.
std::size_t whole_answer(const std::string& in) {
    const std::size_t head = in.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    if (in.compare(9, 3, "200") != 0) die("the answer was not 200: " + in.substr(0, 600));
    const std::size_t field = in.find("Content-Length: ");
    if (field != std::string::npos && field < head) {
        const std::size_t whole = head + 4 + std::strtoul(in.c_str() + field + 16, nullptr, 10);
        return in.size() >= whole ? whole : 0;
    }
    const std::string_view view(in);
    return view.size() >= head + 9 && view.substr(view.size() - 5) == "0\r\n\r\n" ? in.size() : 0;
}

class Requests {
public:
    explicit Requests(std::string text) : text_(std::move(text)), at_(text_.find("@@@@@@@@")) {}
    void send(Connection& connection) {
        if (at_ != std::string::npos) {
            char number[16];
            std::snprintf(number, sizeof number, "%08lx", ++count_);
            std::memcpy(text_.data() + at_, number, 8);
        }
        connection.sent = Clock::now();
        if (::send(connection.fd, text_.data(), text_.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(text_.size())) {
            die("the server closed a connection");
        }
    }

private:
    std::string text_;
    std::size_t at_;
    unsigned long count_ = 0;
};

double microseconds(Clock::duration span) {
    return std::chrono::duration<double, std::micro>(span).count();
}

int run_closed_loop(const Options& options) {
    Requests requests(options.request);
    const int epoll = ::epoll_create1(0);
    std::vector<Connection> connections(static_cast<std::size_t>(options.connections));
    for (std::size_t i = 0; i < connections.size(); ++i) {
        auto& connection = connections[i];
        connection.fd = connect_to(options.ports[i % options.ports.size()]);
        epoll_event add{EPOLLIN, {&connection}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, connection.fd, &add);
    }
    std::vector<double> latencies;
    latencies.reserve(static_cast<std::size_t>(options.requests));
    const std::uint64_t cpu_before = options.pid != 0 ? cpu_ns(options.pid) : 0;
    const double own_before = own_cpu_us();
    const auto begin = Clock::now();
    long sent = 0;
    std::vector<Connection*> idle;
    for (auto& connection : connections) idle.push_back(&connection);
    // How long until the next request may leave; 0: now.
    const auto pause = [&] {
        if (options.rate == 0) return Clock::duration::zero();
        const auto due = begin + std::chrono::nanoseconds(sent * 1'000'000'000 / options.rate);
        return std::max(Clock::duration::zero(), Clock::duration(due - Clock::now()));
    };
    const auto send_due = [&] {
        for (; !idle.empty() && sent < options.requests && pause() == Clock::duration::zero();
             ++sent) {
            requests.send(*idle.back());
            idle.pop_back();
        }
    };
    send_due();
    std::vector<char> buffer(256 * 1024);
    long done = 0;
    std::uint64_t bytes = 0;
    while (done < options.requests) {
        epoll_event events[64];
        const bool waits = !idle.empty() && sent < options.requests;
        const int most =
            waits ? static_cast<int>(std::chrono::floor<std::chrono::milliseconds>(pause()).count())
                  : 30'000;
        const int ready = ::epoll_wait(epoll, events, 64, most);
        if (ready <= 0 && !waits) die("no answer within 30 s");
        for (int i = 0; i < ready; ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            const ssize_t n = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
            if (n <= 0) die("the server closed a connection");
            bytes += static_cast<std::uint64_t>(n);
            connection.in.append(buffer.data(), static_cast<std::size_t>(n));
            const std::size_t length = whole_answer(connection.in);
            if (length == 0) continue;
            connection.in.erase(0, length);
            latencies.push_back(microseconds(Clock::now() - connection.sent));
            ++done;
            idle.push_back(&connection);
        }
        send_due();
    }
    const double seconds = microseconds(Clock::now() - begin) / 1e6;
    const double own = own_cpu_us() - own_before;
    const std::uint64_t cpu = options.pid != 0 ? cpu_ns(options.pid) - cpu_before : 0;
    std::sort(latencies.begin(), latencies.end());
    const auto at = [&](double share) {
        return latencies[std::min(
            latencies.size() - 1,
            static_cast<std::size_t>(share * static_cast<double>(latencies.size())))];
    };
    std::printf(
        "{\"requests\":%ld,\"seconds\":%.4f,\"rps\":%.0f,\"cpu_us\":%.3f,\"load_us\":%.3f,"
        "\"p50_us\":%.1f,\"p99_us\":%.1f,"
        "\"max_us\":%.1f,\"bytes\":%.0f}\n",
        done, seconds, static_cast<double>(done) / seconds,
        static_cast<double>(cpu) / 1e3 / static_cast<double>(done), own / static_cast<double>(done),
        at(0.5), at(0.99), latencies.back(),
        static_cast<double>(bytes) / static_cast<double>(done));
    return 0;
}

// Opens streams, up to 256 at a time on their way, until each has sent its first event.
int hold_streams(const Options& options) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    Requests requests(options.request);
    const int epoll = ::epoll_create1(0);
    std::vector<Connection> connections(static_cast<std::size_t>(options.open));
    const auto begin = Clock::now();
    int opened = 0;
    int started = 0;
    std::vector<char> buffer(64 * 1024);
    while (opened < options.open) {
        while (started < options.open && started - opened < 256) {
            const auto number = static_cast<std::size_t>(started++);
            auto& connection = connections[number];
            connection.fd = connect_to(options.ports[number % options.ports.size()]);
            epoll_event add{EPOLLIN, {&connection}};
            ::epoll_ctl(epoll, EPOLL_CTL_ADD, connection.fd, &add);
            requests.send(connection);
        }
        epoll_event events[64];
        const int ready = ::epoll_wait(epoll, events, 64, 30'000);
        if (ready <= 0) die("no answer within 30 s");
        for (int i = 0; i < ready; ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            const bool first = connection.in.find("data:") == std::string::npos;
            const ssize_t n = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
            if (n <= 0) die("the server closed a stream");
            connection.in.append(buffer.data(), static_cast<std::size_t>(n));
            if (first && connection.in.find("data:") != std::string::npos) ++opened;
        }
    }
    std::printf("{\"streams\":%d,\"seconds\":%.4f}\n", opened,
                microseconds(Clock::now() - begin) / 1e6);
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3)
        die("usage: load PORT[,PORT...] REQUEST_FILE [--connections N] [--requests N] [--pid P] "
            "[--open N]");
    Options options;
    for (const char* port = argv[1]; port != nullptr; port = std::strchr(port, ',')) {
        options.ports.push_back(std::atoi(port += *port == ','));
    }
    std::ifstream file(argv[2], std::ios::binary);
    options.request.assign(std::istreambuf_iterator<char>(file), {});
    if (options.request.empty()) die("cannot read the request file");
    for (int i = 3; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const long value = std::strtol(argv[i + 1], nullptr, 10);
        if (name == "--connections")
            options.connections = static_cast<int>(value);
        else if (name == "--requests")
            options.requests = value;
        else if (name == "--pid")
            options.pid = value;
        else if (name == "--rate")
            options.rate = value;
        else if (name == "--open")
            options.open = static_cast<int>(value);
        else
            die("unknown option");
    }
    return options.open > 0 ? hold_streams(options) : run_closed_loop(options);
}
