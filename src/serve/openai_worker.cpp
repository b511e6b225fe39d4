#include "serve/openai_worker.hpp"

#include "client/http_client.hpp"
#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/utf8.hpp"
#include "wire/sse_parser.hpp"

#include <a2akit/core/when.hpp>
#include <a2akit/worker/task_context.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace a2akit::serve {
namespace {

constexpr int kTries = 3;
constexpr Duration kLongestWait = std::chrono::seconds(30);
constexpr std::size_t kErrorBytes = 64U << 10U;
constexpr std::size_t kShownError = 500;

ClientOptions http_options() {
    ClientOptions options;
    options.connect_timeout = std::chrono::seconds(10);
    return options;
}

/// Seconds as a number; a date means the first wait.
Duration retry_after(std::string_view header, int tries) {
    int seconds = 0;
    const auto read = std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (header.empty() || read.ec != std::errc() || seconds < 0) seconds = 1 << (tries - 1);
    return std::min<Duration>(std::chrono::seconds(seconds), kLongestWait);
}

/// What the model's server says about its refusal, if it says it as OpenAI does.
std::string reason_in(const std::string& body) {
    const Result<Completion> read = read_completion(body);
    if (!read || !read->error || read->error->empty()) return {};
    return ": " + json::as_utf8(read->error->substr(0, kShownError));
}

std::string refusal(int status, const std::string& body) {
    // The text about a wrong key may repeat a part of it.
    if (status == 401 || status == 403) return "the model's server refuses the API key";
    return "the model's server answered with status " + std::to_string(status) + reason_in(body);
}

bool is_event_stream(std::string_view content_type) {
    return content_type.starts_with("text/event-stream");
}

}  // namespace

/// Makes an answer of the bytes that arrive.
class OpenAiWorker::Answer {
public:
    Answer(bool streamed, std::size_t most) : streamed_(streamed), most_(most), parser_(most) {}

    /// The words that these bytes bring; an error in words for the client.
    Result<std::string> add(std::string_view bytes) {
        if (!streamed_) {
            whole_ += bytes;
            return whole_.size() > most_ ? too_long() : Result<std::string>(std::string());
        }
        std::vector<wire::SseEvent> events;
        if (!parser_.feed(bytes, events)) return too_long();
        std::string words;
        for (const wire::SseEvent& event : events) {
            if (event.data == "[DONE]") {
                ended_ = true;
            } else if (auto read = take(event.data, words); !read) {
                return fail(std::move(read.error()));
            }
        }
        size_ += words.size();
        if (size_ > most_) return too_long();
        return json::as_utf8(std::move(words));
    }
    /// At the end of the response.
    Result<std::string> finish() {
        std::string words;
        if (!streamed_) {
            if (auto read = take(whole_, words); !read) return fail(std::move(read.error()));
        }
        if (!ended_) return problem("the answer of the model's server was cut off");
        return json::as_utf8(std::move(words));
    }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

private:
    static Error problem(std::string text) {
        return {ErrorCode::kInvalidAgentResponse, std::move(text), nullptr};
    }
    [[nodiscard]] Error too_long() const {
        return problem("the model's answer is longer than " + std::to_string(most_) + " bytes");
    }
    Result<void> take(std::string_view text, std::string& words) {
        Result<Completion> completion = read_completion(text);
        if (!completion)
            return problem("the model's server sent something else than a chat completion");
        if (completion->error) {
            return problem("the model's server reports an error: " +
                           json::as_utf8(completion->error->substr(0, kShownError)));
        }
        words += completion->text;
        if (completion->finish_reason == "content_filter")
            return problem("the model's server withholds the answer (content_filter)");
        if (completion->finish_reason == "tool_calls")
            return problem("the model asks for a tool, and none is offered");
        if (!completion->finish_reason.empty()) ended_ = true;
        return {};
    }

    bool streamed_;
    std::size_t most_;
    wire::SseParser parser_;
    std::string whole_;
    std::size_t size_ = 0;
    bool ended_ = false;
};

OpenAiWorker::OpenAiWorker(OpenAiOptions options)
    : options_(std::move(options)), http_(client::make_curl_client(http_options())) {
    options_.url = completions_url(options_.url);
}

Async<void> OpenAiWorker::handle(TaskContext& ctx) {
    std::vector<ChatMessage> chat = read_chat(co_await ctx.load_context());
    chat.push_back({"user", std::string(ctx.user_text())});
    shorten_chat(chat, options_.history_bytes);
    std::vector<ChatMessage> sent = chat;
    if (!options_.system.empty()) sent.insert(sent.begin(), {"system", options_.system});
    const std::string body = completion_request(options_.model, sent);
    Outcome outcome = co_await ask(ctx, body);
    for (int tries = 1; outcome.can_repeat && tries < kTries; ++tries) {
        co_await sleep(std::max(outcome.wait, retry_after({}, tries)));
        outcome = co_await ask(ctx, body);
    }
    if (!outcome.failure.empty()) co_return co_await ctx.fail(std::move(outcome.failure));
    chat.push_back({"assistant", std::move(outcome.answer)});
    shorten_chat(chat, options_.history_bytes);
    co_await ctx.update_context(RawJson(write_chat(chat)));
    co_await ctx.complete();
}

Async<OpenAiWorker::Outcome> OpenAiWorker::ask(TaskContext& ctx, std::string body) {
    client::HttpRequest request{.method = "POST", .url = options_.url, .body = std::move(body)};
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    if (!options_.api_key.empty())
        request.headers.emplace_back("Authorization", "Bearer " + options_.api_key);
    request.idle_timeout = options_.idle_timeout;
    const std::unique_ptr<client::HttpStream> stream = http_->open(std::move(request));
    const auto head = co_await stream->head();
    if (!head) {
        log::warn("the model's server cannot be reached error={}",
                  quoted(head.error().error.message));
        co_return Outcome{.failure = "the model's server cannot be reached, or does not answer"};
    }
    const bool succeeded = head->status == 200;
    Answer answer(is_event_stream(head->content_type()), options_.answer_bytes);
    Outcome outcome;
    std::string refused;
    bool started = false;
    for (bool more = true; more;) {
        Result<std::optional<std::string>> bytes = co_await stream->read();
        if (!bytes) {
            log::warn("the answer of the model's server broke off error={}",
                      quoted(bytes.error().message));
        }
        more = bytes && bytes->has_value();
        if (!succeeded) {
            if (more && refused.size() < kErrorBytes) refused += **bytes;
            more = more && refused.size() < kErrorBytes;
            continue;
        }
        Result<std::string> words = more ? answer.add(**bytes) : answer.finish();
        if (!words) {
            outcome.failure = std::move(words.error().message);
            co_return outcome;
        }
        if (!words->empty()) {
            outcome.answer += *words;
            co_await ctx.emit_text_artifact(std::move(*words), "answer",
                                            std::exchange(started, true));
        }
        // Some servers keep the connection open after the end.
        more = more && !answer.ended();
    }
    if (succeeded) co_return outcome;
    outcome.failure = refusal(head->status, refused);
    outcome.can_repeat = head->status == 429 || head->status == 503;
    outcome.wait = outcome.can_repeat ? retry_after(head->header("retry-after"), 1) : Duration{};
    co_return outcome;
}

}  // namespace a2akit::serve
