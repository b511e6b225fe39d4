#pragma once

#include "serve/exec_worker.hpp"
#include "serve/openai_worker.hpp"
#include "serve/proxy_worker.hpp"

#include <a2akit/server/server.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::serve {

/// One agent as the command line or a configuration file describes it.
struct AgentConfig {
    // What answers: exactly one of these.
    std::string exec = {};
    OpenAiOptions openai = {};  ///< With a URL.
    ProxyOptions proxy = {};    ///< With a URL.
    bool echo = false;

    // The command of `exec`.
    bool shell = false;
    ExecOptions command = {};

    // The card.
    std::string name = {};
    std::string description = {};
    std::vector<std::string> input_modes = {};
    std::vector<std::string> output_modes = {};

    /// kInvalidParams naming what is missing or does not go together.
    [[nodiscard]] Result<std::shared_ptr<Worker>> worker() const;
    /// The card; what was left out is made up from what answers. Reads the card of the agent
    /// behind a proxy, and blocks for some seconds when that does not answer.
    [[nodiscard]] CardConfig card() const;

private:
    [[nodiscard]] Result<std::shared_ptr<Worker>> exec_worker() const;
    [[nodiscard]] Result<std::shared_ptr<Worker>> openai_worker() const;
    [[nodiscard]] Result<std::shared_ptr<Worker>> proxy_worker() const;
    void copy_card(CardConfig& card) const;
};

/// A setting of an agent: `--max-output` on the command line, `max_output` in a file.
struct AgentKey {
    enum class Kind : std::uint8_t { kText, kTexts, kFlag };
    std::string_view key;
    Kind kind;
    std::string_view help;
    /// Reads what was given: one value, or any number of them for kTexts. kInvalidParams without
    /// the name of the key.
    std::function<Result<void>(AgentConfig&, const std::vector<std::string>&)> read;
};

/// All of them, in the order in which they are documented.
[[nodiscard]] const std::vector<AgentKey>& agent_keys();

}  // namespace a2akit::serve
