// What the client library is compared with; links nothing of a2akit.
//
//   bare_client PORT send BODY_FILE COUNT    POSTs of this body with a libcurl multi loop, 32 in
//   flight bare_client PORT lines BODY_FILE COUNT   POSTs of this body over one socket; reads each
//   answer to its last chunk and splits it into lines

#include <curl/curl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kInFlight = 32;

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "bare_client: %s\n", why.c_str());
    std::exit(1);
}

double cpu_us() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto us = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return us(used.ru_utime) + us(used.ru_stime);
}

std::size_t collect(char* data, std::size_t, std::size_t size, void* answer) {
    static_cast<std::string*>(answer)->append(data, size);
    return size;
}

void send_with_curl(const std::string& port, const std::string& body, long count) {
    CURLM* const multi = curl_multi_init();
    const std::string url = "http://127.0.0.1:" + port + "/";
    curl_slist* headers = nullptr;
    for (const char* line : {"Content-Type: application/json", "Accept: application/json",
                             "A2A-Version: 1.0", "Expect:"})
        headers = curl_slist_append(headers, line);
    std::vector<std::string> answers(kInFlight);
    long started = 0;
    const auto start = [&](CURL* easy) {
        curl_multi_add_handle(multi, easy);
        ++started;
    };
    for (std::string& answer : answers) {
        CURL* const easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &collect);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &answer);
        if (started < count) start(easy);
    }
    for (long done = 0; done < count;) {
        int running = 0;
        int left = 0;
        curl_multi_perform(multi, &running);
        while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
            CURL* const easy = message->easy_handle;
            std::string* answer = nullptr;
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &answer);
            if (message->data.result != CURLE_OK || answer->empty()) die("a request failed");
            answer->clear();
            curl_multi_remove_handle(multi, easy);
            ++done;
            if (started < count) start(easy);
        }
        if (done < count) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    curl_slist_free_all(headers);
    curl_multi_cleanup(multi);
}

int connect_to(const std::string& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        die("cannot connect");
    return fd;
}

// Returns how many data lines there were.
long read_lines(int fd) {
    std::string line;
    std::vector<char> buffer(64 * 1024);
    long events = 0;
    for (;;) {
        const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (n <= 0) die("the server closed the connection");
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            line.append(bytes.substr(0, end));
            if (end == std::string_view::npos) break;
            bytes.remove_prefix(end + 1);
            if (line.starts_with("data:")) ++events;
            if (line == "0\r") return events;
            line.clear();
        }
    }
}

long stream_lines(const std::string& port, const std::string& body, long count) {
    const int fd = connect_to(port);
    const std::string request =
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    long events = 0;
    for (long i = 0; i < count; ++i) {
        if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) die("cannot send");
        events += read_lines(fd);
    }
    return events;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: bare_client PORT send|lines BODY_FILE COUNT\n");
        return 2;
    }
    std::ifstream file(argv[3], std::ios::binary);
    const std::string body(std::istreambuf_iterator<char>(file), {});
    const long count = std::atol(argv[4]);
    const bool sends = std::string_view(argv[2]) == "send";
    if (sends) curl_global_init(CURL_GLOBAL_DEFAULT);
    long made = count;
    const double cpu_before = cpu_us();
    const auto begin = std::chrono::steady_clock::now();
    if (sends) {
        send_with_curl(argv[1], body, count);
    } else {
        made = stream_lines(argv[1], body, count);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("{\"count\": %ld, \"cpu_us\": %.3f, \"us\": %.3f}\n", made,
                (cpu_us() - cpu_before) / static_cast<double>(made),
                took.count() * 1e6 / static_cast<double>(made));
    return 0;
}
