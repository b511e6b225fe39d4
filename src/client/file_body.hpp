#pragma once

#include <a2akit/client/local_file.hpp>
#include <a2akit/core/result.hpp>
#include <a2akit/protocol/message.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::client {

/// A file of a message. While the message is encoded, the file's content is a placeholder, which is
/// unique to this call.
struct OutgoingFile {
    std::filesystem::path path;
    std::uint64_t size = 0;   ///< When the call began.
    std::string placeholder;  ///< As it is in JSON: valid base64.
};

/// Moves the parts into `message`, files as placeholders. kInvalidParams when a file can't be read.
[[nodiscard]] Result<std::vector<OutgoingFile>> place_files(std::vector<OutgoingPart> parts,
                                                            Message& message);

/// Replaces the placeholders in the message by the files' content. kInvalidParams when a file can't
/// be read or has changed, or when they have more than `max_bytes` in all.
[[nodiscard]] Result<void> load_files(const std::vector<OutgoingFile>& files, Message& message,
                                      std::uint64_t max_bytes);

/// A place in a body of JSON where the base64 of a file belongs.
struct BodyFile {
    std::size_t at = 0;
    std::filesystem::path path;
    std::uint64_t size = 0;
    bool is_twice = false;  ///< HTTP+JSON in 0.3: the base64 of the base64.
};

/// Removes the placeholders from `body`. The places are in the order of the body. kInvalidParams
/// when a placeholder is not there exactly once, or a file has changed its size.
[[nodiscard]] Result<std::vector<BodyFile>> cut_placeholders(const std::vector<OutgoingFile>& files,
                                                             std::string& body);

/// The bytes of a body with files in it, one after the other, in pieces. Reading blocks while the
/// disk is busy. Used by one thread at a time.
class BodyReader {
public:
    /// `body` and `files` have to outlive the reader.
    BodyReader(const std::string& body, const std::vector<BodyFile>& files);
    BodyReader(const BodyReader&) = delete;
    BodyReader& operator=(const BodyReader&) = delete;
    ~BodyReader();

    /// The length of it all.
    [[nodiscard]] std::uint64_t size() const noexcept;
    /// Writes the next bytes to `to` and returns how many; 0 at the end. kInvalidParams when a file
    /// can't be read or is not as long as it was.
    [[nodiscard]] Result<std::size_t> read(char* to, std::size_t capacity);
    /// Starts again from the first byte.
    void rewind() noexcept;

private:
    /// Fills `piece_` with the next piece, which is empty at the end.
    Result<void> next_piece();
    Result<void> open_file(const BodyFile& file);
    /// The next bytes of the open file, to `bytes_`.
    Result<void> read_file(const BodyFile& file);
    void close_file() noexcept;

    const std::string& body_;
    const std::vector<BodyFile>& files_;
    std::size_t next_file_ = 0;
    std::size_t body_taken_ = 0;
    int descriptor_ = -1;  ///< Of the file before `next_file_`, while it is read.
    std::uint64_t file_left_ = 0;
    std::string bytes_;       ///< Of a file, before they are encoded.
    std::string encoded_;     ///< The same in base64.
    std::string_view piece_;  ///< What is not handed out yet, of `body_` or `encoded_`.
};

}  // namespace a2akit::client
