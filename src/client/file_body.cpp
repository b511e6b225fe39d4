#include "client/file_body.hpp"

#include "client/media_type.hpp"
#include "json/scalars.hpp"

#include <a2akit/client/async_client.hpp>
#include <a2akit/core/ids.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace a2akit::client {
namespace {

/// A multiple of nine, so that the base64 of a piece, and the base64 of that, have no padding
/// unless the piece is the last one.
constexpr std::size_t kPieceBytes = 45U << 10U;

Error refused(const std::filesystem::path& file, const std::string& why) {
    return {ErrorCode::kInvalidParams, file.string() + " " + why, nullptr};
}

Error unreadable(const std::filesystem::path& file) {
    return refused(file, std::string("can't be read: ") + std::strerror(errno));
}

Error changed(const std::filesystem::path& file, std::uint64_t size) {
    return refused(file, "had " + std::to_string(size) +
                             " bytes when the call began, and has changed its size since");
}

Result<std::uint64_t> size_of(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        return fail(refused(file, "is not a file that can be read"));
    return static_cast<std::uint64_t>(status.st_size);
}

/// Readable in a log, as unique as a UUID, and base64: 56 characters of its alphabet.
std::string make_placeholder() {
    std::string id = Uuid::generate().to_string();
    std::erase(id, '-');
    return "file/streamed/from/disk/" + id;
}

std::string bytes_of(const std::string& placeholder) {
    std::string bytes;
    (void)json::decode_base64(placeholder, bytes);
    return bytes;
}

std::string base64(std::string_view bytes) {
    std::string text;
    json::append_base64(text, bytes);
    return text;
}

std::uint64_t base64_size(std::uint64_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace

Result<std::vector<OutgoingFile>> place_files(std::vector<OutgoingPart> parts, Message& message) {
    std::vector<OutgoingFile> files;
    for (OutgoingPart& part : parts) {
        if (auto* whole = std::get_if<Part>(&part)) {
            message.parts.push_back(std::move(*whole));
            continue;
        }
        auto& file = std::get<LocalFile>(part);
        const auto size = size_of(file.file);
        if (!size) return fail(size.error());
        if (::access(file.file.c_str(), R_OK) != 0) return fail(unreadable(file.file));
        files.push_back({file.file, *size, make_placeholder()});
        if (file.media_type.empty()) file.media_type = media_type_of(file.file.string());
        if (file.filename.empty()) file.filename = file.file.filename().string();
        message.parts.push_back(Part::from_bytes(bytes_of(files.back().placeholder),
                                                 std::move(file.media_type),
                                                 std::move(file.filename)));
    }
    return files;
}

Result<void> load_files(const std::vector<OutgoingFile>& files, Message& message,
                        std::uint64_t max_bytes) {
    std::uint64_t all = 0;
    for (const OutgoingFile& file : files) all += file.size;
    if (all > max_bytes) {
        return fail(ErrorCode::kInvalidParams,
                    "the files of the message have " + std::to_string(all) +
                        " bytes, and one message of gRPC may carry " + std::to_string(max_bytes) +
                        "; send them over JSONRPC or HTTP+JSON, or give their URL");
    }
    for (const OutgoingFile& file : files) {
        const std::string placeholder = bytes_of(file.placeholder);
        for (Part& part : message.parts) {
            auto* raw = std::get_if<RawContent>(&part.content);
            if (raw == nullptr || raw->bytes != placeholder) continue;
            try {
                Part loaded = file_part(file.path, part.media_type, file.size);
                raw->bytes = std::move(std::get<RawContent>(loaded.content).bytes);
            } catch (const Exception& exception) {
                return fail(exception.error());
            }
            if (raw->bytes.size() != file.size) return fail(changed(file.path, file.size));
        }
    }
    return {};
}

Result<std::vector<BodyFile>> cut_placeholders(const std::vector<OutgoingFile>& files,
                                               std::string& body) {
    std::vector<std::pair<BodyFile, std::size_t>> found;
    for (const OutgoingFile& file : files) {
        const auto size = size_of(file.path);
        if (!size) return fail(size.error());
        if (*size != file.size) return fail(changed(file.path, file.size));
        std::string text = file.placeholder;
        const bool is_twice = body.find(text) == std::string::npos;
        if (is_twice) text = base64(text);
        const std::size_t at = body.find(text);
        if (at == std::string::npos || body.find(text, at + 1) != std::string::npos) {
            return fail(refused(file.path,
                                "can't be sent: an interceptor changed its place in the request"));
        }
        found.emplace_back(BodyFile{at, file.path, file.size, is_twice}, text.size());
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first.at < b.first.at; });
    std::vector<BodyFile> places;
    std::size_t cut = 0;
    for (auto& [place, length] : found) {
        place.at -= cut;
        body.erase(place.at, length);
        cut += length;
        places.push_back(std::move(place));
    }
    return places;
}

BodyReader::BodyReader(const std::string& body, const std::vector<BodyFile>& files)
    : body_(body), files_(files) {}

BodyReader::~BodyReader() { close_file(); }

std::uint64_t BodyReader::size() const noexcept {
    std::uint64_t all = body_.size();
    for (const BodyFile& file : files_) {
        const std::uint64_t once = base64_size(file.size);
        all += file.is_twice ? base64_size(once) : once;
    }
    return all;
}

Result<std::size_t> BodyReader::read(char* to, std::size_t capacity) {
    if (piece_.empty()) {
        if (auto filled = next_piece(); !filled) return fail(std::move(filled.error()));
    }
    const std::size_t count = piece_.copy(to, capacity);
    piece_.remove_prefix(count);
    return count;
}

void BodyReader::rewind() noexcept {
    close_file();
    next_file_ = 0;
    body_taken_ = 0;
    piece_ = {};
}

Result<void> BodyReader::next_piece() {
    while (piece_.empty()) {
        if (descriptor_ < 0) {
            const bool more = next_file_ < files_.size();
            const std::size_t end = more ? files_[next_file_].at : body_.size();
            piece_ = std::string_view(body_).substr(body_taken_, end - body_taken_);
            body_taken_ = end;
            if (!piece_.empty() || !more) return {};
            if (auto opened = open_file(files_[next_file_++]); !opened) return opened;
        }
        const BodyFile& file = files_[next_file_ - 1];
        if (auto read = read_file(file); !read) return read;
        encoded_.clear();
        json::append_base64(encoded_, bytes_);
        if (file.is_twice) {
            bytes_.swap(encoded_);
            encoded_.clear();
            json::append_base64(encoded_, bytes_);
        }
        piece_ = encoded_;
    }
    return {};
}

Result<void> BodyReader::read_file(const BodyFile& file) {
    // One byte more than is left, to see whether the file has grown.
    bytes_.resize(std::min<std::uint64_t>(file_left_ + 1, kPieceBytes));
    std::size_t filled = 0;
    while (filled < bytes_.size()) {
        const ssize_t count = ::read(descriptor_, bytes_.data() + filled, bytes_.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(unreadable(file.path));
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    if (filled != std::min<std::uint64_t>(file_left_, kPieceBytes))
        return fail(changed(file.path, file.size));
    bytes_.resize(filled);
    file_left_ -= filled;
    if (filled < kPieceBytes) close_file();
    return {};
}

Result<void> BodyReader::open_file(const BodyFile& file) {
    // O_NONBLOCK: a pipe in the file's place must not hold up the thread.
    descriptor_ = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0) return fail(unreadable(file.path));
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode))
        return fail(refused(file.path, "is not a file that can be read"));
    if (static_cast<std::uint64_t>(status.st_size) != file.size)
        return fail(changed(file.path, file.size));
    file_left_ = file.size;
    return {};
}

void BodyReader::close_file() noexcept {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

}  // namespace a2akit::client
