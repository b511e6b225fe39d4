#include "cli/port.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <system_error>

namespace a2akit::cli {
namespace {

/// Explains what is wrong with it, in the words that A2AKIT_PORT gets; empty: it is valid.
std::string refuse_port(const std::string& text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    if (read.ec == std::errc() && read.ptr == end) return {};
    return '"' + text + "\" is not allowed; use a whole number from 0 to 65535";
}

}  // namespace

void add_address_options(CLI::App& command, std::optional<std::string>& host,
                         std::optional<std::uint16_t>& port) {
    command.add_option("--host", host, "Address to listen on; else A2AKIT_HOST, else 127.0.0.1");
    command
        .add_option("--port", port,
                    "Port to listen on, 0 for any free one; else A2AKIT_PORT, else 8000")
        ->check(CLI::Validator(refuse_port, "", "port"));
}

}  // namespace a2akit::cli
