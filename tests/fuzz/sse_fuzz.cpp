// Any bytes at all, cut anywhere: no crash, and the same events as in one piece.

#include "wire/sse_parser.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace a2akit::wire;
    if (size == 0) return 0;
    const std::size_t step = 1 + data[0] % 7;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    SseParser whole;
    SseParser pieces;
    std::vector<SseEvent> expected;
    std::vector<SseEvent> events;
    if (!whole.feed(stream, expected)) std::abort();
    for (std::size_t at = 0; at < stream.size(); at += step) {
        if (!pieces.feed(stream.substr(at, step), events)) std::abort();
    }
    if (events.size() != expected.size() || pieces.retry() != whole.retry()) std::abort();
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (events[i].data != expected[i].data || events[i].type != expected[i].type) std::abort();
        if (events[i].id != expected[i].id) std::abort();
    }
    return 0;
}
