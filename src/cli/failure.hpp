#pragma once

#include <exception>
#include <string>
#include <string_view>

// The errors that the command line itself reports, and the exit status of each (a2a-cli
// specification 0.2, section 11.4 and 11.6, appendices B and D).

namespace a2akit::cli {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;
inline constexpr int kExitAuthentication = 4;
inline constexpr int kExitTimeout = 5;

/// Appendix D: failures that the protocol has no name for.
enum class LocalError {
    kUsage,
    kCardNotFound,
    kCardInvalid,
    kUnreachable,
    kCredentialsMissing,
    kAuthFailed,
    kTimeout,
    kInternal,
};

/// "A2ACLI_ERR_USAGE" and so on.
[[nodiscard]] std::string_view code_of(LocalError error) noexcept;
[[nodiscard]] int exit_status_of(LocalError error) noexcept;

/// Why a command could not do what it was asked: the error envelope of appendix B with the exit
/// status that agrees with it. Commands throw it; `main` prints it and exits.
class Failure : public std::exception {
public:
    explicit Failure(LocalError error, std::string message, std::string hint = {});
    /// A failure that the agent reported. `name`: A2A's own, "TaskNotFoundError". `a2a_code`: the
    /// number or status of the transport as JSON; empty when there is none.
    Failure(std::string name, std::string message, std::string hint, std::string a2a_code,
            int exit_status = kExitFailure);

    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
    [[nodiscard]] int exit_status() const noexcept { return exit_status_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    void set_hint(std::string hint) { hint_ = std::move(hint); }
    [[nodiscard]] bool is(LocalError error) const noexcept { return code_ == code_of(error); }

    /// {"error":{…}} on one line.
    [[nodiscard]] std::string envelope() const;

private:
    std::string code_;
    std::string message_;
    std::string hint_;
    std::string a2a_code_;
    int exit_status_;
};

/// A2ACLI_ERR_USAGE; the hint names the help of `command` ("task get") when it is not empty.
[[nodiscard]] Failure usage(std::string message, std::string_view command = {});

}  // namespace a2akit::cli
