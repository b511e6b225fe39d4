// The client library as an agent's caller uses it, for the benchmarks; prints its own CPU time.
//
//   client_load PORT send COUNT      blocking sends of 300 bytes, 32 in flight, in coroutines
//   client_load PORT threads COUNT   the same from 32 threads that block
//   client_load PORT stream COUNT    streams, one after the other, read to their end

#include "client/caller_loop.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/core/when.hpp>

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace a2akit;

constexpr int kInFlight = 32;

double cpu_us() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto us = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return us(used.ru_utime) + us(used.ru_stime);
}

std::string text_of_300_bytes() { return "echo " + std::string(295, 'x'); }

Async<void> send_in_turn(AsyncClient client, int& left) {
    while (left-- > 0) (co_await client.send(text_of_300_bytes())).value_or_throw();
}

Async<void> send_in_coroutines(AsyncClient client, int count) {
    TaskGroup sends;
    int left = count;
    for (int i = 0; i < kInFlight; ++i) sends.spawn(send_in_turn(client, left));
    co_await sends.join();
}

void send_from_threads(Client& client, int count) {
    std::atomic<int> left = count;
    std::vector<std::thread> threads;
    for (int i = 0; i < kInFlight; ++i) {
        threads.emplace_back([&] {
            while (left-- > 0) (void)client.send(text_of_300_bytes());
        });
    }
    for (std::thread& thread : threads) thread.join();
}

long read_streams(Client& client, int count) {
    long events = 0;
    for (int i = 0; i < count; ++i) {
        ClientStream stream = client.stream("chunks");
        while (stream.next()) ++events;
    }
    return events;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: client_load PORT send|threads|stream COUNT\n");
        return 2;
    }
    const std::string_view what = argv[2];
    const int count = std::atoi(argv[3]);
    try {
        AgentCard card;
        card.name = "Bench";
        card.supported_interfaces = {
            {"http://127.0.0.1:" + std::string(argv[1]) + "/", "JSONRPC", {}, "1.0"}};
        Client client(std::move(card));
        long made = count;
        const double cpu_before = cpu_us();
        const auto begin = std::chrono::steady_clock::now();
        if (what == "send") {
            client::run_blocking(send_in_coroutines(client.async(), count));
        } else if (what == "threads") {
            send_from_threads(client, count);
        } else {
            made = read_streams(client, count);
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        std::printf("{\"count\": %ld, \"cpu_us\": %.3f, \"us\": %.3f}\n", made,
                    (cpu_us() - cpu_before) / static_cast<double>(made),
                    took.count() * 1e6 / static_cast<double>(made));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "client_load: %s\n", failure.what());
        return 1;
    }
    return 0;
}
