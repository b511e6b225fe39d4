#pragma once

#include "wire/endpoint.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::http {

/// Turns the bytes of a connection into requests, one after the other. No I/O: bytes in, facts out.
///
/// A body of known length stays in the read buffer and is not copied; a chunked one is collected.
class RequestReader {
public:
    struct Limits {
        std::size_t head_bytes;
        std::size_t body_bytes;
    };
    enum class Step {
        kMore,      ///< Needs more bytes.
        kHead,      ///< The head is there; returned once per request. `advance` again for the body.
        kComplete,  ///< So is the body. `next` goes on with the next request.
        kRefused,   ///< See `refusal`; nothing more can be read from this connection.
    };
    struct Refusal {
        int status = 0;
        std::string message;
    };

    explicit RequestReader(Limits limits);
    ~RequestReader();

    /// Room for the bytes that are read next; never empty.
    [[nodiscard]] std::span<char> space();
    void received(std::size_t bytes) noexcept { end_ += bytes; }
    Step advance();
    /// Forgets the complete request; the bytes after it stay.
    void next();
    /// Gives back the memory of a large body, which is not needed any more; the bytes after it
    /// stay. REQUIRES: kComplete.
    void drop_body();
    /// Forgets every byte that has arrived, for a request that is refused and a connection that
    /// ends.
    void drop_bytes() noexcept;
    /// Gives back all memory that holds no bytes.
    void release() noexcept;

    /// Some bytes of a request have arrived.
    [[nodiscard]] bool started() const noexcept;
    [[nodiscard]] bool in_body() const noexcept {
        return state_ == State::kSized || state_ == State::kChunked;
    }
    [[nodiscard]] bool has_unread_bytes() const noexcept { return end_ > parsed_; }

    /// Valid from kHead until `next`. The target is as it was received.
    [[nodiscard]] const std::string& method() const noexcept { return method_; }
    [[nodiscard]] const std::string& target() const noexcept { return target_; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>>& headers() noexcept {
        return headers_;
    }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    [[nodiscard]] bool http_1_0() const noexcept { return http_1_0_; }
    [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
    /// Content-Length; nullopt when the body is chunked.
    [[nodiscard]] std::optional<std::size_t> body_length() const noexcept;
    [[nodiscard]] std::size_t body_received() const noexcept;
    /// The memory for the bytes of the request, including the space for the bytes that are read
    /// next.
    [[nodiscard]] std::size_t memory() const noexcept {
        return capacity_ + chunked_body_.capacity();
    }
    /// Valid from kComplete until `next` or `space`.
    [[nodiscard]] std::string_view body() const noexcept;
    [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }

private:
    class Parser;
    enum class State { kHead, kSized, kChunked, kComplete, kRefused };

    struct Free {
        void operator()(char* bytes) const noexcept { std::free(bytes); }
    };

    Step read_head();
    bool read_plain();
    Step head_done();
    Step read_chunks();
    Step refuse(int status, std::string message);
    Step refuse_head_size();
    Step refuse_body_size();
    void make_room();
    void shrink();
    void move_to_front() noexcept;
    /// Keeps this many bytes from the beginning.
    void resize_buffer(std::size_t capacity);

    Limits limits_;
    State state_ = State::kHead;
    std::unique_ptr<char[], Free> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;   ///< First byte still needed.
    std::size_t parsed_ = 0;  ///< First byte not yet parsed.
    std::size_t end_ = 0;

    std::unique_ptr<Parser> parser_;
    std::string method_;
    std::string target_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::string chunked_body_;
    std::size_t body_length_ = 0;
    bool chunked_ = false;
    bool keep_alive_ = false;
    bool http_1_0_ = false;
    bool expects_continue_ = false;
    Refusal refusal_;
};

}  // namespace a2akit::http
