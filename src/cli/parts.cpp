#include "cli/parts.hpp"

#include "cli/failure.hpp"
#include "client/media_type.hpp"

#include <a2akit/protocol/json.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

namespace a2akit::cli {
namespace {

/// Of what is not a file that can be read while it is sent.
constexpr std::size_t kMaxBytesInMemory = 64U << 20U;

void set_media_type(OutgoingPart& part, std::string type) {
    std::visit([&](auto& of) { of.media_type = std::move(type); }, part);
}

std::string read_file(const std::string& path, const char* flag) {
    std::error_code fault;
    const auto status = std::filesystem::status(path, fault);
    if (fault || std::filesystem::is_directory(status))
        throw usage(std::string(flag) + ": the file " + path + " can't be read", "send");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw usage(std::string(flag) + ": the file " + path + " can't be read", "send");
    std::string bytes;
    std::vector<char> piece(1U << 16U);
    // A pipe or a device may have no end.
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) ||
           file.gcount() > 0) {
        bytes.append(piece.data(), static_cast<std::size_t>(file.gcount()));
        if (bytes.size() > kMaxBytesInMemory)
            throw usage(std::string(flag) + ": " + path + " is larger than 64 MiB", "send");
    }
    return bytes;
}

OutgoingPart file_part(const std::string& value) {
    if (value.starts_with("http://") || value.starts_with("https://")) {
        const std::string path = value.substr(0, value.find_first_of("?#"));
        return Part::from_url(value, client::media_type_of(path), path.substr(path.rfind('/') + 1));
    }
    const std::string path = value.starts_with("file://") ? value.substr(7) : value;
    std::error_code fault;
    if (std::filesystem::is_regular_file(path, fault) && ::access(path.c_str(), R_OK) == 0)
        return LocalFile{path};
    return Part::from_bytes(read_file(path, "--file"), client::media_type_of(path),
                            std::filesystem::path(path).filename().string());
}

Part data_part(const std::string& value) {
    std::string text;
    if (value == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        text = read_file(value, "--data");
    }
    const auto json = parse_raw_json(text);
    if (!json) {
        throw usage("--data: " + (value == "-" ? std::string("stdin") : value) +
                        " is not JSON: " + json.error().message,
                    "send");
    }
    return Part::from_data(*json);
}

}  // namespace

PartFlags::PartFlags(CLI::App& command) : command_(command) {
    const auto add = [&](const char* name, std::vector<std::string>& values, const char* type,
                         const char* help) {
        command.add_option(name, values, help)->option_text(type)->allow_extra_args(false);
    };
    add("message", positional_, " ", "The message; the same as --text");
    add("--text", texts_, "TEXT", "Add a text part");
    add("--file", files_, "PATH|URL",
        "Add a file: a path is sent with its content, a URL as a reference");
    add("--data", data_, "PATH|-", "Add JSON from a file, or from stdin");
    add("--media-type", media_types_, "TYPE",
        "Media type of the part before it; unset: guessed from the file's name");
}

std::vector<OutgoingPart> PartFlags::read() const {
    std::map<std::string, std::size_t> taken;
    std::vector<OutgoingPart> parts;
    bool is_typed = true;
    for (const CLI::Option* option : command_.parse_order()) {
        const std::string name = option->get_single_name();
        std::size_t& index = taken[name];
        const auto next = [&](const std::vector<std::string>& values) {
            return values.at(index++);
        };
        if (name == "media-type") {
            if (is_typed) {
                throw usage(
                    "--media-type has to follow the part it is for: --text, --file or "
                    "--data",
                    "send");
            }
            set_media_type(parts.back(), next(media_types_));
            is_typed = true;
            continue;
        }
        if (name == "message") {
            while (index < positional_.size()) parts.push_back(Part::from_text(next(positional_)));
        } else if (name == "text") {
            parts.push_back(Part::from_text(next(texts_)));
        } else if (name == "file") {
            parts.push_back(file_part(next(files_)));
        } else if (name == "data") {
            parts.push_back(data_part(next(data_)));
        } else {
            continue;
        }
        is_typed = false;
    }
    return parts;
}

}  // namespace a2akit::cli
