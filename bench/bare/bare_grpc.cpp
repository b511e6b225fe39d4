// The baseline of the gRPC cases: a callback server that answers every SendMessage with the same
// message, and every SendStreamingMessage with the same events.
//
//   bare_grpc PORT FILE   FILE: the messages, each behind its length (32 bits, little-endian)

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "a2a_v1_0.grpc.pb.h"

namespace {

namespace v1 = lf::a2a::v1;

class Events final : public grpc::ServerWriteReactor<v1::StreamResponse> {
public:
    explicit Events(const std::vector<v1::StreamResponse>& events) : events_(events) { next(); }
    void OnWriteDone(bool ok) override {
        if (ok)
            next();
        else
            Finish(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }

private:
    void next() {
        if (at_ == events_.size()) return Finish(grpc::Status::OK);
        StartWrite(&events_[at_++]);
    }

    const std::vector<v1::StreamResponse>& events_;
    std::size_t at_ = 0;
};

class Service final : public v1::A2AService::CallbackService {
public:
    explicit Service(const std::vector<std::string>& messages) {
        answer_.ParseFromString(messages.front());
        for (const std::string& message : messages) events_.emplace_back().ParseFromString(message);
    }
    grpc::ServerUnaryReactor* SendMessage(grpc::CallbackServerContext* context,
                                          const v1::SendMessageRequest*,
                                          v1::SendMessageResponse* response) override {
        *response = answer_;
        grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
    grpc::ServerWriteReactor<v1::StreamResponse>* SendStreamingMessage(
        grpc::CallbackServerContext*, const v1::SendMessageRequest*) override {
        return new Events(events_);
    }

private:
    v1::SendMessageResponse answer_;
    std::vector<v1::StreamResponse> events_;
};

std::vector<std::string> read(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    std::vector<std::string> messages;
    for (std::size_t at = 0; at + 4 <= text.size();) {
        std::uint32_t size = 0;
        std::memcpy(&size, text.data() + at, 4);
        messages.push_back(text.substr(at + 4, size));
        at += 4 + size;
    }
    return messages;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: bare_grpc PORT FILE\n";
        return 2;
    }
    const std::vector<std::string> messages = read(argv[2]);
    if (messages.empty()) {
        std::cerr << "bare_grpc: " << argv[2] << " holds no message\n";
        return 1;
    }
    Service service(messages);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::string(argv[1]),
                             grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    if (!server) return 1;
    server->Wait();
    return 0;
}
