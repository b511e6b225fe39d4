#pragma once

#include <a2akit/protocol/message.hpp>

#include <filesystem>
#include <string>
#include <variant>

namespace a2akit {

/// A part whose content is read from a file while it is sent, in pieces: a large file is never held
/// in memory. It becomes a `raw` part (specification 1.0, section 4.1.6).
///
/// The file is read again for each attempt and must keep its size until the call returns: the call
/// fails with kInvalidParams when the file can't be read, is not a regular file or has changed its
/// size. One message of gRPC has to hold the whole file: there it is read into memory, and more
/// than 64 MiB of files in one message are refused with kInvalidParams.
///
/// Interceptors see a short placeholder in the body of the request instead of the content.
struct LocalFile {
    std::filesystem::path file = {};
    std::string media_type = {};  ///< Empty: guessed from the file's name.
    std::string filename = {};    ///< The name that the agent is told; empty: the file's own.
};

/// A part of a message that is about to be sent.
using OutgoingPart = std::variant<Part, LocalFile>;

}  // namespace a2akit
