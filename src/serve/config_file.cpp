#include "serve/config_file.hpp"

#include <toml++/toml.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace a2akit::serve {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;

class Reader {
public:
    explicit Reader(std::string file) : file_(std::move(file)) {}

    Result<ConfigFile> read(const toml::table& root) {
        ConfigFile result{.name = file_};
        for (const auto& [key, value] : root) {
            Result<void> read;
            if (key == "agent" || key == "agents")
                read = add_agents(result, key == "agents", value);
            else if (value.is_table())
                read = unknown_table(value, key.str());
            else
                read = add(result.settings, key.str(), value);
            if (!read) return fail(std::move(read.error()));
        }
        return result;
    }

private:
    [[nodiscard]] std::string place(const toml::node& node) const {
        return file_ + ":" + std::to_string(node.source().begin.line);
    }
    [[nodiscard]] Error refused(const toml::node& node, const std::string& what) const {
        return {ErrorCode::kInvalidParams, place(node) + ": " + what, nullptr};
    }
    [[nodiscard]] Error unknown_table(const toml::node& node, std::string_view key) const {
        return refused(node, "the table [" + std::string(key) +
                                 "] is unknown; there are only [agent] and [agents.NAME]");
    }
    Result<void> add_agents(ConfigFile& file, bool several, const toml::node& node) const {
        const std::string key = several ? "agents" : "agent";
        if (!node.is_table()) return refused(node, key + " must be a table");
        if (!file.agents.empty())
            return refused(node, "either the table [agent] or tables [agents.NAME], not both");
        if (!several) return add_agent(file, {}, node);
        for (const auto& [name, inner] : *node.as_table()) {
            if (!inner.is_table())
                return refused(inner, "agents." + std::string(name.str()) + " must be a table");
            if (auto added = add_agent(file, std::string(name.str()), inner); !added) return added;
        }
        return {};
    }
    Result<void> add_agent(ConfigFile& file, std::string name, const toml::node& table) const {
        ConfigAgent& agent = file.agents.emplace_back(ConfigAgent{std::move(name), {}});
        for (const auto& [key, value] : *table.as_table()) {
            if (auto added = add(agent.entries, key.str(), value); !added) return added;
        }
        return {};
    }
    Result<void> add(std::vector<ConfigEntry>& entries, std::string_view key,
                     const toml::node& node) const {
        ConfigEntry entry{std::string(key), {}, node.is_array(), place(node)};
        const auto add_value = [&](const toml::node& one) {
            std::optional<std::string> text = text_of(one);
            if (text) entry.values.push_back(std::move(*text));
            return text.has_value();
        };
        bool readable = true;
        if (const toml::array* list = node.as_array()) {
            for (const toml::node& one : *list) readable = readable && add_value(one);
        } else {
            readable = add_value(node);
        }
        if (!readable)
            return refused(node,
                           entry.key + " must be a string, a number, a truth value or a list");
        entries.push_back(std::move(entry));
        return {};
    }
    static std::optional<std::string> text_of(const toml::node& node) {
        if (const auto* text = node.as_string()) return text->get();
        if (const auto* number = node.as_integer()) return std::to_string(number->get());
        if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
        if (const auto* number = node.as_floating_point()) {
            char digits[32];
            return std::string(digits,
                               std::to_chars(digits, digits + sizeof digits, number->get()).ptr);
        }
        return std::nullopt;
    }

    std::string file_;
};

}  // namespace

Result<ConfigFile> read_config_file(const std::string& path) {
    std::error_code ignored;
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path, ignored))
        return fail(ErrorCode::kUnavailable, path + " cannot be read");
    std::string text(kMostBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMostBytes)
        return fail(ErrorCode::kInvalidParams, path + " is longer than a megabyte");
    const std::string name = std::filesystem::path(path).filename().string();
    try {
        return Reader(name).read(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return fail(ErrorCode::kInvalidParams,
                    name + ":" + std::to_string(error.source().begin.line) +
                        ": not TOML: " + std::string(error.description()));
    }
}

}  // namespace a2akit::serve
