#pragma once

#include <a2akit/storage/storage.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace a2akit::backends {

/// A task's place in a listing: newest status first, and newest id first within one millisecond.
struct StatusKey {
    Timestamp time{};
    TaskId id;
    friend bool operator<(const StatusKey& a, const StatusKey& b) noexcept {
        return a.time != b.time ? a.time > b.time : a.id > b.id;
    }
    friend bool operator==(const StatusKey&, const StatusKey&) = default;
};

/// The place where a listing continues: after the last task of the page before.
struct ListCursor {
    Timestamp started{};  ///< When the first page was read: statuses later than this are not in the
                          ///< listing.
    Timestamp last_time{};   ///< Status time of the last task given out…
    TaskId last_id;          ///< …and its id.
    std::int64_t total = 0;  ///< Of the whole listing, counted with its first page.
};

/// Writes cursors as opaque page tokens and reads them back. A token is bound to the owner and the
/// filters that it was made for, and signed (HMAC-SHA-256): a client can neither alter one nor use
/// it elsewhere. Page size, history length and artifacts may change from page to page. Safe from
/// any thread.
class CursorCodec {
public:
    using Key = std::array<std::uint8_t, 32>;
    explicit CursorCodec(const Key& key) : key_(key) {}
    [[nodiscard]] static Key random_key();

    [[nodiscard]] std::string write(const ListCursor& cursor, const OwnerScope& scope,
                                    const ListQuery& query) const;
    /// kInvalidParams for a text that `write` did not make for this owner and these filters.
    [[nodiscard]] Result<ListCursor> read(const std::string& token, const OwnerScope& scope,
                                          const ListQuery& query) const;

private:
    Key key_;
};

}  // namespace a2akit::backends
