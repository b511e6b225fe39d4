#pragma once

#include "support/cutting_proxy.hpp"

#include <a2akit/a2akit.hpp>
#include <a2akit/client/client.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace a2akit::test_support {

inline constexpr int kChunks = 197;  // with the task, its states and its end: 200 events

/// Emits kChunks numbers, one per event.
class CountingAgent final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        for (int i = 0; i < kChunks; ++i) {
            co_await ctx.emit_text_artifact(std::to_string(i) + " ", "count", true);
            co_await yield();
        }
        co_await ctx.complete();
    }
};

/// Reads the stream of a CountingAgent through a proxy that cuts it at each event. `url`: that of
/// the server whose card is used.
inline void expect_each_event_once(const std::string& url, const CuttingProxy& proxy,
                                   const std::string& binding, const std::string& version) {
    SCOPED_TRACE(binding + " " + version);
    ClientOptions options;
    options.bindings = {binding};
    options.versions = {version};
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(20);
    Client client(moved_to(fetch_card(url).card, url, proxy.url()), options);
    std::string text;
    std::set<std::string> ids;
    int events = 0;
    bool ended = false;
    ClientStream stream = client.stream("count");
    for (const StreamEvent& event : stream) {
        ++events;
        EXPECT_FALSE(event.after_gap) << events;
        EXPECT_TRUE(ids.insert(event.id).second) << "twice: " << event.id;
        EXPECT_FALSE(ended);
        ended = event.is_final();
        text += event.text();
    }
    std::string expected;
    for (int i = 0; i < kChunks; ++i) expected += std::to_string(i) + " ";
    EXPECT_EQ(text, expected);
    EXPECT_TRUE(ended);
    EXPECT_EQ(events, 200);
    EXPECT_GE(stream.resumptions(), 198) << "the stream was cut at each event";
}

}  // namespace a2akit::test_support
