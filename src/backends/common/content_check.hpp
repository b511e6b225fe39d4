#pragma once

#include "backends/common/data_keys.hpp"
#include "backends/common/sealed_content.hpp"

#include <a2akit/core/ids.hpp>

#include <set>
#include <string>
#include <string_view>

namespace a2akit::backends {

/// What a check of a whole database makes of stored contents: reads them as the engines do, and
/// opens what is encrypted.
class ContentCheck {
public:
    enum class Kind {
        kStatus,
        kMessages,
        kChunks,
        kInput,
        kMessage,
        kMetadata,
        kCheckpoint,
        kPushConfig,
    };
    enum class State {
        kReadable,
        kEncrypted,  ///< With a key that is not at hand.
        kNotOpened,  ///< With a key that is at hand: it was changed, or the key is another one.
        kDamaged,
    };
    struct Reading {
        State state = State::kReadable;
        std::string key;  ///< When it is not opened: the id.
    };

    /// `keys`: null for none. REQUIRES: they outlive it.
    explicit ContentCheck(const DataKeys* keys) : keys_(keys) {}

    [[nodiscard]] Reading read(Kind kind, const TaskId& task, std::string_view bytes);
    /// Whether something was opened with this key; what is not opened with it then is damaged.
    [[nodiscard]] bool has_opened(const std::string& key) const { return opened_.contains(key); }

private:
    Reading read_status(const TaskId& task, std::string_view bytes);
    Reading read_chunks(const TaskId& task, std::string_view bytes);
    template <class T>
    Reading open(const TaskId& task, T& content, const KeyIds& ids);

    const DataKeys* const keys_;
    std::set<std::string> opened_;
};

}  // namespace a2akit::backends
