#pragma once

#include "cli/failure.hpp"
#include "cli/settings.hpp"

#include <a2akit/protocol/requests.hpp>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The two streams of a command (a2a-cli specification 0.2, section 11): the result goes to stdout,
// everything else to stderr.

namespace a2akit::cli {

/// Writes results and diagnostics. Credentials that were made known to it never appear in either.
/// Safe from any thread.
class Console {
public:
    /// `format` and `debug` may change once the settings are resolved.
    void configure(const Options& options);
    [[nodiscard]] bool is_json() const noexcept { return format_ == OutputFormat::kJson; }
    [[nodiscard]] bool is_verbose() const noexcept { return is_verbose_; }
    [[nodiscard]] bool debugs() const noexcept { return debugs_; }
    /// Prints "***" in its place in every diagnostic. Short texts are masked in headers only.
    void mask(std::string secret);

    /// One JSON document, or one line of JSON Lines; flushed.
    void json_line(std::string_view json);
    /// "Label: value". A value's line breaks and control characters are escaped.
    void field(std::string_view label, std::string_view value);
    /// "Label:", the content, an empty line. Control characters but tab and line feed are escaped,
    /// and an empty line of the content becomes a line with one space.
    void block(std::string_view label, std::string_view content);
    /// Text that is not about a task, as it is: help, a script.
    void text(std::string_view text);

    void warn(std::string_view message);
    void hint(std::string_view label, std::string_view text);
    /// On a terminal only.
    void progress(std::string_view message);
    /// The error envelope on stdout in JSON, "Error:" lines on stderr in text.
    void failure(const Failure& failure);

    using Headers = std::vector<std::pair<std::string, std::string>>;
    /// With --debug only.
    void debug(std::string_view message);
    void debug_request(std::string_view method, std::string_view url, const Headers& headers,
                       std::string_view body);
    void debug_response(int status, const Headers& headers, std::string_view body);

    /// Held by whoever ends the process at a moment of its own, so that no line is cut in two.
    [[nodiscard]] std::unique_lock<std::recursive_mutex> hold() { return std::unique_lock(mutex_); }

private:
    [[nodiscard]] std::string masked(std::string_view text) const;
    void out(std::string_view text);
    void err(std::string_view text);

    std::recursive_mutex mutex_;
    OutputFormat format_ = OutputFormat::kText;
    bool is_verbose_ = false;
    bool debugs_ = false;
    std::vector<std::string> secrets_;
};

/// Whether a header of this name usually holds a credential: "Authorization", "X-Api-Key".
[[nodiscard]] bool is_credential_name(std::string_view name);
/// `text` on one line, without control characters.
[[nodiscard]] std::string one_line(std::string_view text);
/// JSON with line breaks and two spaces per level. REQUIRES: valid JSON.
[[nodiscard]] std::string pretty_json(std::string_view json);
/// A word of a POSIX shell's command line, quoted when it has to be.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace a2akit::cli
