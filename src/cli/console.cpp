#include "cli/console.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace a2akit::cli {
namespace {

/// stdio and iostreams are not used for results: a full disk or a closed pipe has to be noticed.
bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Bytes that a terminal may take for a command become \xNN: those below 0x20, DEL, and the C1
/// controls, which are C2 80 to C2 9F in UTF-8.
std::string escape_controls(std::string_view text, std::string_view kept) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool is_c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (is_c1) {
            const auto control = static_cast<unsigned char>(text[++i]);
            out += {'\\', 'x', kHex[control >> 4], kHex[control & 15]};
        } else if ((byte < 0x20 || byte == 0x7F) && kept.find(text[i]) == std::string_view::npos) {
            if (byte == '\n') {
                out += "\\n";
            } else {
                out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
            }
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

void Console::configure(const Options& options) {
    format_ = options.output;
    is_verbose_ = options.verbose;
    debugs_ = options.debug;
    for (const std::string& secret : {options.bearer, options.api_key}) mask(secret);
    for (const auto& [name, value] : options.service_parameters) {
        if (is_credential_name(name)) mask(value);
        // "Bearer abc": the token alone is a secret, too.
        if (const std::size_t space = value.rfind(' ');
            is_credential_name(name) && space != std::string::npos)
            mask(value.substr(space + 1));
    }
}

void Console::mask(std::string secret) {
    // Masking every "a" would make the output unreadable and hide nothing.
    if (secret.size() < 4) return;
    const std::lock_guard lock(mutex_);
    secrets_.push_back(std::move(secret));
    std::sort(secrets_.begin(), secrets_.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Console::masked(std::string_view text) const {
    std::string out(text);
    for (const std::string& secret : secrets_) {
        for (std::size_t at = out.find(secret); at != std::string::npos; at = out.find(secret, at))
            out.replace(at, secret.size(), "***");
    }
    return out;
}

void Console::out(std::string_view text) {
    const std::lock_guard lock(mutex_);
    // The reader of a pipe may have seen enough, as `head` does.
    if (!write_all(STDOUT_FILENO, text)) std::_Exit(kExitFailure);
}

void Console::err(std::string_view text) {
    const std::lock_guard lock(mutex_);
    (void)write_all(STDERR_FILENO, text);
}

void Console::json_line(std::string_view json) { out(std::string(json) + "\n"); }

void Console::field(std::string_view label, std::string_view value) {
    std::string line(label);
    line.append(": ").append(one_line(value)).append("\n");
    out(line);
}

void Console::block(std::string_view label, std::string_view content) {
    std::string text(label);
    text += ":\n";
    std::string body = escape_controls(content, "\n\t");
    while (body.ends_with('\n')) body.pop_back();
    for (std::size_t from = 0; from <= body.size();) {
        const std::size_t to = std::min(body.find('\n', from), body.size());
        text += to == from ? std::string(" ") : body.substr(from, to - from);
        text += '\n';
        from = to + 1;
    }
    out(text + "\n");
}

void Console::text(std::string_view text) { out(text); }

void Console::warn(std::string_view message) {
    err("Warning: " + escape_controls(masked(message), "") + "\n");
}

void Console::hint(std::string_view label, std::string_view text) {
    err(std::string(label) + ": " + one_line(masked(text)) + "\n");
}

void Console::progress(std::string_view message) {
    if (::isatty(STDERR_FILENO) != 1) return;
    err(one_line(masked(message)) + "\n");
}

void Console::failure(const Failure& failure) {
    if (is_json()) {
        json_line(masked(failure.envelope()));
        return;
    }
    err("Error: " + one_line(masked(failure.code() + ": " + failure.message())) + "\n");
    if (!failure.hint().empty()) hint("Hint", failure.hint());
}

void Console::debug(std::string_view message) {
    if (debugs_) err("debug: " + one_line(masked(message)) + "\n");
}

void Console::debug_request(std::string_view method, std::string_view url, const Headers& headers,
                            std::string_view body) {
    if (!debugs_) return;
    const auto lock = hold();
    debug("> " + std::string(method) + " " + std::string(url));
    for (const auto& [name, value] : headers)
        debug("> " + name + ": " + (is_credential_name(name) ? "***" : value));
    if (!body.empty()) debug("> " + std::string(body));
}

void Console::debug_response(int status, const Headers& headers, std::string_view body) {
    if (!debugs_) return;
    const auto lock = hold();
    if (status != 0) debug("< " + std::to_string(status));
    for (const auto& [name, value] : headers)
        debug("< " + name + ": " + (is_credential_name(name) ? "***" : value));
    if (!body.empty()) debug("< " + std::string(body));
}

bool is_credential_name(std::string_view name) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    static constexpr std::array kWords{"auth",   "cookie",     "token",    "key",
                                       "secret", "credential", "password", "session"};
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](const char* word) { return lower.find(word) != std::string::npos; });
}

std::string one_line(std::string_view text) { return escape_controls(text, "\t"); }

std::string pretty_json(std::string_view json) {
    std::string out;
    std::size_t level = 0;
    bool in_string = false;
    const auto new_line = [&] { out.append("\n").append(level * 2, ' '); };
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            out += c;
            if (c == '\\' && i + 1 < json.size()) {
                out += json[++i];
            } else if (c == '"') {
                in_string = false;
            }
            continue;
        }
        const bool opens = c == '{' || c == '[';
        const std::size_t next = json.find_first_not_of(" \t\r\n", i + 1);
        if (opens && next != std::string_view::npos && (json[next] == '}' || json[next] == ']')) {
            out += {c, json[next]};
            i = next;
        } else if (opens) {
            out += c;
            ++level;
            new_line();
        } else if (c == '}' || c == ']') {
            level -= level > 0 ? 1 : 0;
            new_line();
            out += c;
        } else if (c == ',') {
            out += c;
            new_line();
        } else if (c == ':') {
            out += ": ";
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            in_string = c == '"';
            out += c;
        }
    }
    return out;
}

std::string shell_word(std::string_view text) {
    const bool is_plain =
        !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 ||
                   std::string_view("-_./:@%+=,").find(static_cast<char>(c)) !=
                       std::string_view::npos;
        });
    if (is_plain) return std::string(text);
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace a2akit::cli
