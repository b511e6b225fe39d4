#include "cli/failure.hpp"

#include <a2akit/json/json.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace a2akit::cli {
namespace {

struct Row {
    std::string_view code;
    int exit_status;
};

constexpr std::array<Row, 8> kTable{{
    {"A2ACLI_ERR_USAGE", kExitUsage},
    {"A2ACLI_ERR_CARD_NOT_FOUND", kExitUnreachable},
    {"A2ACLI_ERR_CARD_INVALID", kExitFailure},
    {"A2ACLI_ERR_UNREACHABLE", kExitUnreachable},
    {"A2ACLI_ERR_CREDENTIALS_MISSING", kExitAuthentication},
    {"A2ACLI_ERR_AUTH_FAILED", kExitAuthentication},
    {"A2ACLI_ERR_TIMEOUT", kExitTimeout},
    {"A2ACLI_ERR_INTERNAL", kExitFailure},
}};

/// Text from elsewhere may not be UTF-8; an error has to be written all the same.
Json json_text(const std::string& text) {
    try {
        return Json(text);
    } catch (const std::exception&) {
        std::string ascii;
        for (const char c : text) ascii += static_cast<unsigned char>(c) < 0x80 ? c : '?';
        return Json(ascii);
    }
}

}  // namespace

std::string_view code_of(LocalError error) noexcept {
    return kTable[static_cast<std::size_t>(error)].code;
}

int exit_status_of(LocalError error) noexcept {
    return kTable[static_cast<std::size_t>(error)].exit_status;
}

Failure::Failure(LocalError error, std::string message, std::string hint)
    : Failure(std::string(code_of(error)), std::move(message), std::move(hint), {},
              exit_status_of(error)) {}

Failure::Failure(std::string name, std::string message, std::string hint, std::string a2a_code,
                 int exit_status)
    : code_(std::move(name)),
      message_(std::move(message)),
      hint_(std::move(hint)),
      a2a_code_(std::move(a2a_code)),
      exit_status_(exit_status) {}

std::string Failure::envelope() const {
    return Json::object(
               {{"error", Json::object({{"code", json_text(code_)},
                                        {"message", json_text(message_)},
                                        {"hint", hint_.empty() ? Json() : json_text(hint_)},
                                        {"a2aCode", Json(RawJson(a2a_code_))}})}})
        .text();
}

Failure usage(std::string message, std::string_view command) {
    std::string hint = "a2akit ";
    if (!command.empty()) hint.append(command).append(" ");
    return Failure(LocalError::kUsage, std::move(message), hint + "--help");
}

}  // namespace a2akit::cli
