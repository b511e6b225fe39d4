#include "http/request_reader.hpp"

#include "http/plain_head.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace a2akit::http {
namespace {

namespace bhttp = boost::beast::http;
using BeastError = boost::beast::error_code;

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLeastRoom = 1024;
constexpr std::size_t kKeptBuffer = std::size_t{16} * 1024;
constexpr std::size_t kUsualHeaders = 12;

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                      [](char a, char b) { return lower(a) == b; });
}

}  // namespace

/// Beast's parser, with the fields going straight where they belong instead of into a container of
/// its own.
class RequestReader::Parser final : public bhttp::basic_parser<true> {
public:
    explicit Parser(RequestReader& owner) : owner_(owner) {
        header_limit(static_cast<std::uint32_t>(owner.limits_.head_bytes));
        body_limit(owner.limits_.body_bytes);
    }

    [[nodiscard]] int hosts() const noexcept { return hosts_; }
    [[nodiscard]] bool bad_host() const noexcept { return bad_host_; }
    [[nodiscard]] bool unknown_coding() const noexcept { return unknown_coding_; }
    [[nodiscard]] bool unknown_expectation() const noexcept { return unknown_expectation_; }

private:
    using View = boost::beast::string_view;
    using Length = boost::optional<std::uint64_t>;

    void on_request_impl(bhttp::verb, View method, View target, int version, BeastError&) override {
        owner_.method_.assign(method.data(), method.size());
        owner_.target_.assign(target.data(), target.size());
        owner_.http_1_0_ = version < 11;
    }
    void on_field_impl(bhttp::field field, View name, View value, BeastError&) override {
        if (head_done_) return;  // a trailer
        const std::string_view text(value.data(), value.size());
        if (field == bhttp::field::host) {
            ++hosts_;
            if (!may_be_host(text)) bad_host_ = true;
        }
        if (field == bhttp::field::transfer_encoding && !equals_ignoring_case(text, "chunked")) {
            unknown_coding_ = true;
        }
        if (field == bhttp::field::expect) {
            if (equals_ignoring_case(text, "100-continue"))
                owner_.expects_continue_ = true;
            else
                unknown_expectation_ = true;
        }
        auto& [lower_name, its_value] = owner_.headers_.emplace_back();
        lower_name.assign(name.data(), name.size());
        for (char& c : lower_name) c = lower(c);
        its_value.assign(text);
    }
    void on_header_impl(BeastError&) override { head_done_ = true; }
    void on_body_init_impl(const Length&, BeastError&) override {}
    std::size_t on_body_impl(View body, BeastError&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, View, BeastError&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View body, BeastError&) override {
        owner_.chunked_body_.append(body.data(), body.size());
        return body.size();
    }
    void on_finish_impl(BeastError&) override {}
    void on_response_impl(int, View, int, BeastError&) override {}

    RequestReader& owner_;
    int hosts_ = 0;
    bool bad_host_ = false;
    bool unknown_coding_ = false;
    bool unknown_expectation_ = false;
    bool head_done_ = false;
};

RequestReader::RequestReader(Limits limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;

bool RequestReader::started() const noexcept { return state_ != State::kHead || end_ > begin_; }

// The pages of a large buffer are moved by the system, not copied.
void RequestReader::resize_buffer(std::size_t capacity) {
    char* bytes = static_cast<char*>(std::realloc(buffer_.get(), capacity));
    if (bytes == nullptr) throw std::bad_alloc();
    (void)buffer_.release();
    buffer_.reset(bytes);
    capacity_ = capacity;
}

void RequestReader::move_to_front() noexcept {
    const std::size_t used = end_ - begin_;
    if (begin_ != 0 && used != 0) std::memmove(buffer_.get(), buffer_.get() + begin_, used);
    parsed_ -= begin_;
    end_ = used;
    begin_ = 0;
}

void RequestReader::make_room() {
    move_to_front();
    const std::size_t needed = end_ + kLeastRoom;
    if (capacity_ >= needed && end_ < capacity_ / 2) return;
    // The buffer is doubled only as bytes arrive, so a large Content-Length alone costs nothing,
    // and it does not grow far beyond the body.
    std::size_t capacity = std::max(kFirstBuffer, end_ + needed);
    if (state_ == State::kSized && end_ < body_length_)
        capacity = std::min(capacity, body_length_ + kLeastRoom);
    resize_buffer(capacity);
}

/// A few bytes of the next request must not keep the memory of a large one.
void RequestReader::shrink() {
    move_to_front();
    resize_buffer(end_ + kLeastRoom);
}

std::span<char> RequestReader::space() {
    if (capacity_ < end_ + kLeastRoom) make_room();
    return {buffer_.get() + end_, capacity_ - end_};
}

RequestReader::Step RequestReader::refuse(int status, std::string message) {
    state_ = State::kRefused;
    refusal_ = {status, std::move(message)};
    return Step::kRefused;
}

RequestReader::Step RequestReader::refuse_head_size() {
    return refuse(431, "the head of the request is larger than " +
                           std::to_string(limits_.head_bytes) + " bytes");
}

RequestReader::Step RequestReader::refuse_body_size() {
    return refuse(413, "the body of the request is larger than " +
                           std::to_string(limits_.body_bytes) + " bytes");
}

RequestReader::Step RequestReader::advance() {
    switch (state_) {
        case State::kHead:
            return read_head();
        case State::kSized:
            if (end_ - begin_ < body_length_) return Step::kMore;
            parsed_ = begin_ + body_length_;
            state_ = State::kComplete;
            return Step::kComplete;
        case State::kChunked:
            return read_chunks();
        case State::kComplete:
            return Step::kComplete;
        case State::kRefused:
            break;
    }
    return Step::kRefused;
}

RequestReader::Step RequestReader::read_head() {
    if (!parser_) {
        // Some clients send an empty line after a body (RFC 9112, section 2.2).
        while (begin_ < end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) ++begin_;
        parsed_ = begin_;
        if (begin_ == end_) return Step::kMore;
        if (read_plain()) return Step::kHead;
        parser_ = std::make_unique<Parser>(*this);
    }
    BeastError error;
    if (end_ > parsed_) {
        const boost::asio::const_buffer bytes(buffer_.get() + parsed_, end_ - parsed_);
        parsed_ += parser_->put(bytes, error);
    }
    if (error == bhttp::error::header_limit) return refuse_head_size();
    if (error == bhttp::error::body_limit) return refuse_body_size();
    if (error && error != bhttp::error::need_more) {
        return refuse(400, "malformed HTTP request: " + error.message());
    }
    const bool done = parser_->is_header_done();
    if ((done ? parsed_ : end_) - begin_ > limits_.head_bytes) return refuse_head_size();
    return done ? head_done() : Step::kMore;
}

/// False: nothing was read, and the head is one for the parser.
bool RequestReader::read_plain() {
    headers_.reserve(kUsualHeaders);
    const std::size_t size = std::min(end_ - begin_, limits_.head_bytes);
    const auto head = read_plain_head({buffer_.get() + begin_, size}, limits_.body_bytes, headers_);
    if (!head) {
        headers_.clear();
        return false;
    }
    method_ = head->method;
    target_ = head->target;
    keep_alive_ = true;
    body_length_ = head->body_length;
    parsed_ += head->bytes;
    begin_ = parsed_;
    state_ = State::kSized;
    return true;
}

RequestReader::Step RequestReader::head_done() {
    keep_alive_ = parser_->keep_alive();
    if (!http_1_0_ && parser_->hosts() != 1) {
        return refuse(400, "an HTTP/1.1 request needs exactly one Host header");
    }
    if (parser_->bad_host())
        return refuse(400, "the Host header must be a host, with a port or without");
    // What came before 1.1 knows neither (RFC 9112, section 6.1; RFC 9110, section 10.1.1).
    if (http_1_0_ && parser_->chunked())
        return refuse(400, "an HTTP/1.0 request can't have a Transfer-Encoding");
    if (http_1_0_) expects_continue_ = false;
    if (parser_->unknown_coding()) {
        return refuse(501, "the only Transfer-Encoding understood is chunked");
    }
    if (!http_1_0_ && parser_->unknown_expectation()) {
        return refuse(417, "the only Expect understood is 100-continue");
    }
    begin_ = parsed_;
    chunked_ = parser_->chunked();
    if (chunked_) {
        state_ = State::kChunked;
        parser_->eager(true);
    } else {
        state_ = State::kSized;
        const auto length = parser_->content_length();
        body_length_ = length ? static_cast<std::size_t>(*length) : 0;
        parser_.reset();
    }
    return Step::kHead;
}

RequestReader::Step RequestReader::read_chunks() {
    BeastError error;
    if (end_ > parsed_) {
        const boost::asio::const_buffer bytes(buffer_.get() + parsed_, end_ - parsed_);
        parsed_ += parser_->put(bytes, error);
    }
    begin_ = parsed_;
    if (error == bhttp::error::body_limit) return refuse_body_size();
    if (error && error != bhttp::error::need_more) {
        return refuse(400, "malformed chunked body: " + error.message());
    }
    if (parser_->is_done()) {
        parser_.reset();
        state_ = State::kComplete;
        return Step::kComplete;
    }
    if (end_ - begin_ > limits_.head_bytes) {
        return refuse(400, "malformed chunked body: the head of a chunk is too long");
    }
    return Step::kMore;
}

std::optional<std::size_t> RequestReader::body_length() const noexcept {
    if (chunked_) return std::nullopt;
    return body_length_;
}

std::size_t RequestReader::body_received() const noexcept {
    return chunked_ ? chunked_body_.size() : end_ - begin_;
}

std::string_view RequestReader::body() const noexcept {
    if (chunked_) return chunked_body_;
    return {buffer_.get() + begin_, body_length_};
}

void RequestReader::next() {
    begin_ = parsed_;
    if (begin_ == end_) begin_ = parsed_ = end_ = 0;
    if (end_ == 0 && capacity_ > kKeptBuffer)
        release();
    else if (capacity_ > kKeptBuffer && end_ - begin_ <= kFirstBuffer)
        shrink();
    parser_.reset();
    method_.clear();
    target_.clear();
    headers_.clear();
    chunked_body_.clear();
    body_length_ = 0;
    chunked_ = keep_alive_ = http_1_0_ = expects_continue_ = false;
    state_ = State::kHead;
}

void RequestReader::drop_body() {
    std::string().swap(chunked_body_);
    body_length_ = 0;
    begin_ = parsed_;
    if (capacity_ <= kKeptBuffer) return;
    if (begin_ == end_) {
        buffer_.reset();
        capacity_ = begin_ = parsed_ = end_ = 0;
    } else {
        shrink();
    }
}

void RequestReader::drop_bytes() noexcept {
    state_ = State::kRefused;
    buffer_.reset();
    capacity_ = begin_ = parsed_ = end_ = 0;
    std::string().swap(chunked_body_);
    parser_.reset();
}

void RequestReader::release() noexcept {
    if (end_ == begin_) {
        buffer_.reset();
        capacity_ = begin_ = parsed_ = end_ = 0;
    }
    method_ = {};
    target_ = {};
    decltype(headers_)().swap(headers_);  // `headers_ = {}` would keep its memory
}

}  // namespace a2akit::http
