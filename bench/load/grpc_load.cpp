// Sends messages over gRPC and prints the CPU time that the server needed for each.
//
//   grpc_load PORT send|stream TEXT REQUESTS CONNECTIONS PID [FILE]
//
// FILE: also writes what the last call was answered with there, each message behind its length (32
// bits, little-endian), for bare_grpc.

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "a2a_v1_0.grpc.pb.h"

namespace {

namespace v1 = lf::a2a::v1;

/// User and system time of a process so far, in seconds.
double cpu_seconds(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int i = 3; i < 14; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class Client {
public:
    Client(const std::string& port, std::string text)
        : stub_(v1::A2AService::NewStub(channel(port))), text_(std::move(text)) {}

    bool call(bool stream) {
        v1::SendMessageRequest request;
        v1::Message& message = *request.mutable_message();
        message.set_message_id("message-" + std::to_string(++sent_));
        message.set_role(v1::ROLE_USER);
        message.add_parts()->set_text(text_);
        grpc::ClientContext context;
        context.AddMetadata("a2a-version", "1.0");
        answers.clear();
        if (!stream) {
            v1::SendMessageResponse response;
            const grpc::Status status = stub_->SendMessage(&context, request, &response);
            answers.push_back(response.SerializeAsString());
            return said(status);
        }
        v1::StreamResponse event;
        const auto events = stub_->SendStreamingMessage(&context, request);
        while (events->Read(&event)) answers.push_back(event.SerializeAsString());
        return said(events->Finish());
    }

    std::vector<std::string> answers;

private:
    /// Each client has a connection of its own.
    static std::shared_ptr<grpc::Channel> channel(const std::string& port) {
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        return grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials(),
                                         arguments);
    }
    static bool said(const grpc::Status& status) {
        if (!status.ok()) std::cerr << "grpc_load: " << status.error_message() << '\n';
        return status.ok();
    }

    std::unique_ptr<v1::A2AService::Stub> stub_;
    std::string text_;
    int sent_ = 0;
};

void write(const char* path, const std::vector<std::string>& messages) {
    std::ofstream file(path, std::ios::binary);
    for (const std::string& message : messages) {
        const auto size = static_cast<std::uint32_t>(message.size());
        file.write(reinterpret_cast<const char*>(&size), 4);
        file << message;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7 && argc != 8) {
        std::cerr << "usage: grpc_load PORT send|stream TEXT REQUESTS CONNECTIONS PID [FILE]\n";
        return 2;
    }
    const bool stream = std::string(argv[2]) == "stream";
    const int requests = std::atoi(argv[4]);
    const int connections = std::atoi(argv[5]);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < connections; ++i) {
        clients.push_back(std::make_unique<Client>(argv[1], argv[3]));
        if (!clients.back()->call(stream)) return 1;
    }
    const double before = cpu_seconds(argv[6]);
    std::atomic<int> left{requests};
    std::atomic<bool> failed{false};
    std::vector<std::thread> threads;
    for (auto& client : clients) {
        threads.emplace_back([&] {
            while (!failed && left-- > 0) {
                if (!client->call(stream)) failed = true;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    if (failed) return 1;
    const double spent = cpu_seconds(argv[6]) - before;
    if (argc == 8) write(argv[7], clients.front()->answers);
    std::printf("{\"requests\": %d, \"cpu_us\": %.3f}\n", requests, spent * 1e6 / requests);
    return 0;
}
