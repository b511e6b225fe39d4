#include <a2akit/client/async_client.hpp>

#include "client/media_type.hpp"

#include <a2akit/core/ids.hpp>

#include <array>
#include <fstream>
#include <utility>

namespace a2akit {
Part file_part(const std::filesystem::path& file, std::string media_type, std::size_t max_bytes) {
    const auto refuse = [&](const std::string& why) {
        throw Exception({ErrorCode::kInvalidParams, file.string() + " " + why, nullptr});
    };
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) refuse("is not a file that can be read");
    std::ifstream in(file, std::ios::binary);
    if (!in) refuse("can't be read");
    std::string bytes;
    std::array<char, 1U << 16U> piece{};
    while (in.read(piece.data(), piece.size()) || in.gcount() > 0) {
        bytes.append(piece.data(), static_cast<std::size_t>(in.gcount()));
        if (bytes.size() > max_bytes)
            refuse("is larger than " + std::to_string(max_bytes) + " bytes");
    }
    if (media_type.empty()) media_type = client::media_type_of(file.string());
    return Part::from_bytes(std::move(bytes), std::move(media_type), file.filename().string());
}

Message user_message(std::string text) {
    std::vector<Part> parts;
    parts.push_back(Part::from_text(std::move(text)));
    return user_message(std::move(parts));
}

Message user_message(std::vector<Part> parts) {
    Message message;
    message.message_id = Uuid::generate().to_string();
    message.role = Role::kUser;
    message.parts = std::move(parts);
    return message;
}

}  // namespace a2akit
