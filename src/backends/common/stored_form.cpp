#include "backends/common/stored_form.hpp"

#include "json/codec.hpp"
#include "json/cursor.hpp"

#include <utility>

namespace a2akit::backends {
namespace {

constexpr char kFormat = 1;

Error not_readable() {
    return Error{ErrorCode::kInternal, "the database holds bytes that this version cannot read",
                 nullptr};
}

// It is copied into responses unchanged, so damage in it would make the whole response invalid.
bool is_json(std::string_view text) {
    json::Cursor cursor(text, json::Mode::kLenient, json::kReadBack);
    return cursor.skip() && cursor.finish().has_value();
}

class FieldWriter {
public:
    FieldWriter() { bytes_ += kFormat; }

    void number(std::uint64_t value) {
        while (value >= 0x80) {
            bytes_ += static_cast<char>((value & 0x7F) | 0x80);
            value >>= 7;
        }
        bytes_ += static_cast<char>(value);
    }
    void text(std::string_view text) {
        number(text.size());
        bytes_ += text;
    }
    template <class M>
    void json(const M& message) {
        text_.clear();
        json::encode(message, text_);
        text(text_);
    }
    void texts(const std::vector<std::string>& texts) {
        number(texts.size());
        for (const auto& one : texts) text(one);
    }
    [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
    std::string text_;
};

/// After the first error everything reads as empty; `finished` reports it.
class FieldReader {
public:
    explicit FieldReader(std::string_view bytes) : rest_(bytes) {
        if (rest_.empty() || rest_.front() != kFormat)
            fail();
        else
            rest_.remove_prefix(1);
    }

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            if (rest_.empty()) break;
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return value;
        }
        fail();
        return 0;
    }
    std::string_view text() {
        const std::uint64_t size = number();
        if (size > rest_.size()) {
            fail();
            return {};
        }
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return text;
    }
    RawJson raw_json() {
        const std::string_view json = text();
        if (!json.empty() && !is_json(json)) fail();
        return RawJson(std::string(json));
    }
    template <class M>
    M json() {
        const std::string_view encoded = text();
        if (failed_) return {};
        auto message = json::decode<M>(encoded, json::Mode::kLenient, json::kReadBack);
        if (message) return std::move(*message);
        fail();
        return {};
    }
    /// How many elements follow, each of at least one byte.
    std::size_t count() {
        const std::uint64_t count = number();
        if (count <= rest_.size()) return count;
        fail();
        return 0;
    }
    std::vector<std::string> texts() {
        std::vector<std::string> texts(count());
        for (auto& one : texts) one = text();
        return texts;
    }
    template <class T>
    Result<T> finished(T value) const {
        if (!failed_ && rest_.empty()) return value;
        return a2akit::fail(not_readable());
    }

private:
    void fail() {
        failed_ = true;
        rest_ = {};
    }
    std::string_view rest_;
    bool failed_ = false;
};

constexpr std::uint64_t kAppend = 1;
constexpr std::uint64_t kLastChunk = 2;

}  // namespace

std::string to_stored(const StoredStatus& status) {
    if (!status.message && status.metadata.empty()) return {};
    FieldWriter writer;
    writer.number(status.message ? 1 : 0);
    if (status.message) writer.json<Message>(*status.message);
    writer.text(status.metadata.text());
    return writer.take();
}

Result<StoredStatus> read_stored_status(std::string_view bytes) {
    StoredStatus status;
    if (bytes.empty()) return status;
    FieldReader reader(bytes);
    if (reader.number() != 0) status.message = reader.json<Message>();
    status.metadata = reader.raw_json();
    return reader.finished(std::move(status));
}

std::string to_stored(const std::vector<Shared<Message>>& messages) {
    FieldWriter writer;
    writer.number(messages.size());
    for (const auto& message : messages) writer.json<Message>(message);
    return writer.take();
}

Result<std::vector<Shared<Message>>> read_stored_messages(std::string_view bytes) {
    FieldReader reader(bytes);
    std::vector<Shared<Message>> messages;
    const std::size_t count = reader.count();
    messages.reserve(count);
    for (std::size_t i = 0; i < count; ++i) messages.emplace_back(reader.json<Message>());
    return reader.finished(std::move(messages));
}

std::string to_stored(const std::vector<ArtifactChunk>& chunks) {
    FieldWriter writer;
    writer.number(chunks.size());
    for (const auto& chunk : chunks) {
        writer.number((chunk.append ? kAppend : 0U) | (chunk.last_chunk ? kLastChunk : 0U));
        writer.json<Artifact>(chunk.artifact);
        writer.text(chunk.metadata.text());
    }
    return writer.take();
}

Result<std::vector<ArtifactChunk>> read_stored_chunks(std::string_view bytes) {
    FieldReader reader(bytes);
    std::vector<ArtifactChunk> chunks(reader.count());
    for (auto& chunk : chunks) {
        const std::uint64_t flags = reader.number();
        chunk.append = (flags & kAppend) != 0;
        chunk.last_chunk = (flags & kLastChunk) != 0;
        chunk.artifact = reader.json<Artifact>();
        chunk.metadata = reader.raw_json();
    }
    return reader.finished(std::move(chunks));
}

Result<RawJson> read_stored_json(std::string_view bytes) {
    if (!bytes.empty() && !is_json(bytes)) return fail(not_readable());
    return RawJson(std::string(bytes));
}

std::string to_stored(const Message& message) {
    FieldWriter writer;
    writer.json(message);
    return writer.take();
}

Result<Message> read_stored_message(std::string_view bytes) {
    FieldReader reader(bytes);
    auto message = reader.json<Message>();
    return reader.finished(std::move(message));
}

std::string to_stored(const TurnInput& input) {
    FieldWriter writer;
    writer.json<Message>(input.message);
    writer.text(input.metadata.text());
    writer.texts(input.accepted_output_modes);
    writer.texts(input.extensions);
    return writer.take();
}

Result<TurnInput> read_stored_input(std::string_view bytes) {
    FieldReader reader(bytes);
    TurnInput input;
    input.message = reader.json<Message>();
    input.metadata = reader.raw_json();
    input.accepted_output_modes = reader.texts();
    input.extensions = reader.texts();
    return reader.finished(std::move(input));
}

}  // namespace a2akit::backends
