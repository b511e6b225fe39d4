// Talks to an agent: run it with the agent's URL.

#include <a2akit/client/client.hpp>

#include <iostream>
#include <memory>
#include <string>

using namespace a2akit;

namespace {

void send(const std::string& url) {
    Client client = Client::connect(url);
    SendResult result = client.send("one two");
    std::cout << "answer: " << result.text() << "\n";
}

void stream(Client& client) {
    for (const StreamEvent& event : client.stream("three four")) {
        if (event.status() != nullptr) std::cout << "state: " << to_string(event.state()) << "\n";
        if (event.artifact() != nullptr) std::cout << "piece: " << event.text() << "\n";
    }
}

void read(Client& client) {
    int count = 0;
    TaskList tasks = client.tasks({.status = TaskState::kCompleted, .page_size = 1});
    for (const Task& task : tasks) count += task.id.empty() ? 0 : 1;
    std::cout << "tasks: " << count << "\n";
}

void fail(Client& client) {
    try {
        (void)client.get_task("no-such-task");
    } catch (const Exception& exception) {
        std::cout << "error: " << to_string(exception.code()) << "\n";
    }
}

/// Prints each request of a client.
class Log final : public Interceptor {
public:
    void after(const ClientRequest& request, int status, const Error*) override {
        std::cout << request.operation << ": " << status << "\n";
    }
};

ClientOptions options() {
    ClientOptions options;
    options.credentials["company"] = OAuthClient{.client_id = "billing", .client_secret = "…"};
    options.credentials[""] = ApiKey{"…"};  // for any scheme that takes an API key
    options.call_timeout = std::chrono::seconds(5);
    options.retry.attempts = 6;
    options.interceptors = {std::make_shared<Log>()};
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "http://127.0.0.1:8000";
    try {
        send(url);
        Client client = Client::connect(url, options());
        stream(client);
        read(client);
        fail(client);
    } catch (const Exception& exception) {
        std::cerr << exception.what() << "\n";
        return 1;
    }
}
