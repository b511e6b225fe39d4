// Any bytes at all, as a connection brings them: no crash, and the same requests whether they come
// at once or in pieces. What is refused may be refused sooner or later, as the pieces fall.
//
// The first byte of the input is the size of the pieces.

#include "http/request_reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace {

using a2akit::http::RequestReader;
using Step = RequestReader::Step;

struct Request {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool keep_alive;
    bool operator==(const Request&) const = default;
};

/// Reads what has arrived; false when nothing more can be read.
bool read_all(RequestReader& reader, std::vector<Request>& requests) {
    while (true) {
        switch (reader.advance()) {
            case Step::kMore:
                return true;
            case Step::kHead:
                break;
            case Step::kComplete:
                requests.push_back({reader.method(), reader.target(), reader.headers(),
                                    std::string(reader.body()), reader.keep_alive()});
                reader.next();
                break;
            case Step::kRefused: {
                const auto& [status, message] = reader.refusal();
                if (status < 400 || status > 599 || message.empty()) std::abort();
                return false;
            }
        }
    }
}

std::vector<Request> read(std::string_view bytes, std::size_t piece) {
    RequestReader reader({1024, 4096});
    std::vector<Request> requests;
    while (!bytes.empty()) {
        const auto room = reader.space();
        if (room.empty()) std::abort();
        const std::size_t part = std::min({room.size(), piece, bytes.size()});
        std::memcpy(room.data(), bytes.data(), part);
        reader.received(part);
        bytes.remove_prefix(part);
        if (!read_all(reader, requests)) break;
        if (!reader.started()) reader.release();
    }
    return requests;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read(bytes, bytes.size());
    const auto pieces = read(bytes, std::size_t{1} + data[0] % 61);
    if (whole != pieces) std::abort();
    return 0;
}
