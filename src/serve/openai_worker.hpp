#pragma once

#include "serve/openai_chat.hpp"

#include <a2akit/core/clock.hpp>
#include <a2akit/worker/worker.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace a2akit::client {
class HttpClient;
}

namespace a2akit::serve {

struct OpenAiOptions {
    std::string url = {};  ///< "https://api.openai.com/v1"
    std::string model = {};
    std::string api_key = {};  ///< Sent as a bearer token; empty: none is sent.
    std::string system = {};   ///< What the model is told before the conversation.
    /// Without a byte from the model's server.
    Duration idle_timeout = std::chrono::seconds(120);
    /// Of the conversation that goes with a message; older messages are left out.
    std::size_t history_bytes = 256U << 10U;
    std::size_t answer_bytes = 10U << 20U;
};

/// Lets a model behind an OpenAI-compatible server answer (docs/guides/serve.md). The conversation
/// of a contextId is kept in the ContextStore. Safe from any loop.
class OpenAiWorker final : public Worker {
public:
    explicit OpenAiWorker(OpenAiOptions options);
    Async<void> handle(TaskContext& ctx) override;

private:
    /// How one request to the model's server ended.
    struct Outcome {
        std::string answer = {};
        std::string failure = {};  ///< For the client; empty: the answer is whole.
        bool can_repeat = false;   ///< The server refused for the moment, and nothing was answered.
        Duration wait = {};        ///< Before a repeat.
    };
    class Answer;
    Async<Outcome> ask(TaskContext& ctx, std::string body);

    OpenAiOptions options_;
    std::shared_ptr<client::HttpClient> http_;
};

}  // namespace a2akit::serve
