#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

struct sqlite3_vfs;

namespace a2akit::test_support {

/// A disk for SQLite that forgets what was not synced when the power fails, and that fails when it
/// is told to.
///
/// While it lives it is SQLite's default file system. The files are real ones, on SQLite's own file
/// system; beside each it keeps what a sync has made safe, and the writes since. Counts every
/// write, truncation and sync of a database, its log or its journal as one operation. Safe from any
/// thread.
class FaultyVfs {
public:
    enum class Fault {
        kDiskFull,    ///< A write finds no room.
        kWriteError,  ///< A write or truncation fails.
        kSyncError,   ///< A sync fails, and what it was to make safe is not.
    };

    explicit FaultyVfs(std::uint64_t seed);
    ~FaultyVfs();
    FaultyVfs(const FaultyVfs&) = delete;
    FaultyVfs& operator=(const FaultyVfs&) = delete;

    /// Strikes at the operation so many from now (1: the next) or later, at the first of the
    /// fitting kind, and then at all that follow of that kind, `times` in all.
    void fail(Fault fault, std::int64_t operations_from_now, int times = 1);
    /// How many faults have struck.
    [[nodiscard]] int struck() const;
    [[nodiscard]] std::int64_t operations() const;
    /// How many writes to the file have not been synced.
    [[nodiscard]] std::size_t unsynced(const std::string& path) const;

    /// The power fails at the operation so many from now (1: the next): from then on nothing works.
    void cut_power(std::int64_t operations_from_now);
    [[nodiscard]] bool power_is_cut() const;
    /// The name of the file that was being written or synced then.
    [[nodiscard]] std::string cut_in() const;

    /// The files of the database as they are found after the power came back: everything that was
    /// synced, and of the other writes some, whole or torn, in any order. `directory` takes the
    /// copies. REQUIRES: the power is cut.
    void restore_to(const std::filesystem::path& directory);

private:
    struct Hooks;
    struct Write {
        std::int64_t offset = 0;
        std::string bytes;
        bool truncation = false;  ///< To `offset`.
    };
    /// One file: what is safe, and what has been written since.
    struct Image {
        std::string name;
        std::string safe;
        std::vector<Write> unsynced;
    };

    std::shared_ptr<Image> image_of(const std::string& path);
    /// What becomes of the operation that comes now: 0, or SQLite's error. REQUIRES: the lock.
    int strike(const Image& image, bool is_sync, bool is_truncation);
    static void apply(std::string& content, const Write& write, std::size_t bytes);

    mutable std::mutex mutex_;
    std::mt19937_64 random_;
    std::map<std::string, std::shared_ptr<Image>> images_;  ///< By path.
    std::int64_t operations_ = 0;
    std::int64_t cut_at_ = 0;  ///< 0: never
    bool cut_ = false;
    std::string cut_in_;
    Fault fault_ = Fault::kDiskFull;
    std::int64_t fail_from_ = 0;
    int fail_times_ = 0;
    int struck_ = 0;
    sqlite3_vfs* real_;
    std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace a2akit::test_support
