#include "serve/exec_worker.hpp"

#include <utility>

namespace a2akit::serve {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kShellOnly = "|;&<>`$*?";

Error refused(std::string description) {
    return Error::invalid_field("exec", std::move(description));
}

class Splitter {
public:
    explicit Splitter(std::string_view text) : rest_(text) {}

    Result<std::vector<std::string>> words() {
        while (!rest_.empty()) {
            const char c = take();
            if (kSpace.find(c) != std::string_view::npos) {
                end_word();
            } else if (c == '\'' || c == '"') {
                if (Result<void> read = quoted(c); !read) return fail(std::move(read.error()));
            } else if (c == '\\') {
                if (rest_.empty()) return refused("ends with a backslash");
                add(take());
            } else if (kShellOnly.find(c) != std::string_view::npos) {
                return refused(std::string("has a ") + c +
                               ", which only a shell understands: quote it, or use --shell");
            } else {
                add(c);
            }
        }
        end_word();
        if (words_.empty()) return refused("is empty; it must be a command");
        return std::move(words_);
    }

private:
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    void add(char c) {
        word_ += c;
        in_word_ = true;
    }
    void end_word() {
        if (std::exchange(in_word_, false)) words_.push_back(std::exchange(word_, {}));
    }
    Result<void> quoted(char quote) {
        in_word_ = true;
        while (!rest_.empty()) {
            const char c = take();
            if (c == quote) return {};
            const bool escapes = quote == '"' && c == '\\' && !rest_.empty() &&
                                 (rest_.front() == '"' || rest_.front() == '\\');
            add(escapes ? take() : c);
        }
        return refused(std::string("has an open ") + quote);
    }

    std::string_view rest_;
    std::vector<std::string> words_;
    std::string word_;
    bool in_word_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
    return Splitter(command).words();
}

}  // namespace a2akit::serve
