// How long one message takes through the codecs. Not a test: run it on a quiet machine, in the
// release preset.

#include "json/codec.hpp"

#include <benchmark/benchmark.h>
#include <a2akit/protocol/requests.hpp>
#include <a2akit/protocol/task.hpp>

#include <string>

namespace {

using namespace a2akit;

/// 500 bytes, as a client sends them.
const std::string kRequest =
    R"({"message":{"messageId":"0b6f8a44-6d53-4bb6-9d0b-8a3c0a4f1c11","role":"ROLE_USER",)"
    R"("contextId":"5f0c2a1e-8f1d-4d47-9a35-60bb0d0a7c3e","parts":[{"text":")" +
    std::string(240, 'x') +
    R"(","mediaType":"text/plain"}]},"configuration":{"acceptedOutputModes":["text/plain"],)"
    R"("historyLength":10,"returnImmediately":false},"metadata":{"trace":"4bf92f35","n":17}})";

Task small_task() {
    Artifact artifact{.artifact_id = "a-1", .parts = {Part::from_text("Echo: hello")}};
    Message message{.message_id = "m-1", .role = Role::kUser, .parts = {Part::from_text("hello")}};
    return {.id = "01890a5d-ac96-774b-bcce-b302099a8057",
            .context_id = "5f0c2a1e-8f1d-4d47-9a35-60bb0d0a7c3e",
            .status = {.state = TaskState::kCompleted,
                       .timestamp = Timestamp(Duration(1'761'647'400'123))},
            .artifacts = {artifact},
            .history = {message}};
}

void decode_request(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(json::decode<SendMessageRequest>(kRequest));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRequest.size()));
}
BENCHMARK(decode_request);

void skip_request(benchmark::State& state) {
    for (auto _ : state) {
        json::Cursor cursor(kRequest);
        benchmark::DoNotOptimize(cursor.skip());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRequest.size()));
}
BENCHMARK(skip_request);

void encode_task(benchmark::State& state) {
    const Task task = small_task();
    std::string out;
    for (auto _ : state) {
        out.clear();
        json::encode(task, out);
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}
BENCHMARK(encode_task);

}  // namespace

BENCHMARK_MAIN();
