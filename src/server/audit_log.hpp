#pragma once

#include "server/disk_sync.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/core/result.hpp>

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// One call, as the audit log keeps it. Empty fields are left out.
struct AuditRecord {
    std::string agent;
    std::string principal;
    std::string tenant;
    std::string operation;
    std::string version;  ///< Of the protocol.
    std::string task;
    std::string context;
    std::string message;
    std::string push_config;
    std::string remote;
    std::string request_id;
    std::string outcome;  ///< "OK", or the code of the error.
};

/// A file to which a line of JSON is appended for each call, chained by hashes: "prev" of a line is
/// the SHA-256 of the line before it, and "seq" counts (docs/guides/audit-log.md).
///
/// A line that was cut short, because the process was killed or the disk was full, stays as it is;
/// the next line says how many bytes it has ("torn"). Lines that could not be written are counted,
/// and the next one that can says how many are missing ("lost"). Safe from any thread; writes to
/// the file in place, and leaves the disk to `settle`.
class AuditLog {
public:
    /// Goes on with an existing file, or makes one that only its owner may read. kInvalidParams
    /// naming the file when it cannot be written, belongs to another process now, or is not an
    /// audit log.
    ///
    /// A file of `max_bytes` or more (0: no limit) gets its last number behind its name, such as
    /// ".000000001234", and the log goes on in a new file under the name. Where that cannot be
    /// done, which is logged, it is tried again after as many bytes.
    static Result<std::unique_ptr<AuditLog>> open(
        std::string path, DiskSync::Options sync = {},
        std::shared_ptr<const Clock> clock = system_clock(), std::uint64_t max_bytes = 0);
    ~AuditLog();
    AuditLog(const AuditLog&) = delete;
    AuditLog& operator=(const AuditLog&) = delete;

    /// False: it could not be written, which is logged once per outage.
    bool append(const AuditRecord& record);
    /// Returns when the lines so far are on the disk, if that is waited for.
    Async<void> settle();
    /// Whether the last line could be written; tries again if it could not. False, too, while lines
    /// do not reach the disk.
    [[nodiscard]] bool is_writable();
    /// Opens a new file under the name of this one, which was moved away, and returns what goes on
    /// with it: its first line ("continued") follows from the last one of the former file. Nothing
    /// happens when the file still has its name. kInvalidParams naming the file when the new one
    /// cannot be written or is not empty.
    [[nodiscard]] Result<std::function<void()>> reopen();

private:
    AuditLog(std::string path, int file, DiskSync::Options sync, std::shared_ptr<const Clock> clock,
             std::uint64_t max_bytes);
    static Result<int> open_file(const std::string& path);
    [[nodiscard]] Result<void> read_end();
    void go_on_with(int file);
    [[nodiscard]] std::string name_of_full_file() const;
    void undo_unfinished_rotation() const;
    [[nodiscard]] bool rotate();
    void rotate_if_full();
    void take_tail();
    [[nodiscard]] bool ready();
    [[nodiscard]] bool finish_torn_line();
    [[nodiscard]] bool write_event(std::string_view event);
    [[nodiscard]] bool write_line(const std::string& line);
    [[nodiscard]] std::size_t write_bytes(std::string_view bytes);
    [[nodiscard]] std::string line_of(const AuditRecord& record, std::string_view event) const;

    const std::string path_;
    const std::shared_ptr<const Clock> clock_;
    const std::uint64_t max_bytes_;
    std::mutex mutex_;  ///< Guards what follows.
    int file_ = -1;
    std::uint64_t size_ = 0;       ///< Of the file.
    std::uint64_t rotate_at_ = 0;  ///< The size at which the file is full.
    std::uint64_t sequence_ = 0;   ///< Of the last line that is whole.
    std::string previous_;         ///< The hash of the last line, whole or not.
    std::string tail_;             ///< A line that has no end yet.
    std::size_t torn_ = 0;         ///< Bytes of a line that is not whole, before the next one.
    std::uint64_t lost_ = 0;
    bool failing_ = false;
    bool fresh_ = false;  ///< The file goes on with another one, and has no line yet.
    DiskSync sync_;       ///< Has a descriptor of its own.
};

/// What checking an audit log has found.
struct AuditCheck {
    std::uint64_t records = 0;  ///< Before the line that is wrong, if one is.
    /// The number of the first record: above 1 when the log goes on with an earlier file.
    std::uint64_t first = 1;
    std::string before;      ///< The hash with which that earlier file has to end; else empty.
    std::uint64_t torn = 0;  ///< Lines that were cut short, and said to be so by the next one.
    std::uint64_t lost = 0;  ///< Calls that could not be recorded.
    bool ends_torn = false;  ///< The last line is cut short.
    std::string last_hash;   ///< Of the last line that is whole.
    struct Wrong {
        std::size_t file = 0;
        std::uint64_t line = 0;
        std::string problem;
    };
    std::optional<Wrong> wrong;  ///< The first line that does not follow from those before it.
};
/// `files`: one log, or several that go on with each other, the oldest first.
[[nodiscard]] AuditCheck check_audit_log(const std::vector<std::istream*>& files);

}  // namespace a2akit
