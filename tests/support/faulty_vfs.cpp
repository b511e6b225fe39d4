#include "support/faulty_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <new>

namespace a2akit::test_support {
namespace {

// What a disk writes at once; less than that is never torn.
constexpr std::size_t kSector = 512;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

/// What SQLite calls. `File` begins with SQLite's own part; the real file stands behind it.
struct FaultyVfs::Hooks {
    struct File {
        sqlite3_file base;
        FaultyVfs* vfs;
        std::shared_ptr<Image> image;  ///< Null: a temporary file, which nobody misses.
        [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    static File& file(sqlite3_file* base) { return *reinterpret_cast<File*>(base); }
    static sqlite3_file* real(sqlite3_file* base) { return file(base).real(); }
    static FaultyVfs& self(sqlite3_vfs* vfs) { return *static_cast<FaultyVfs*>(vfs->pAppData); }
    static sqlite3_vfs* below(sqlite3_vfs* vfs) { return self(vfs).real_; }

    // -- Files
    static int close(sqlite3_file* base) {
        const int code = real(base)->pMethods->xClose(real(base));
        file(base).image.~shared_ptr();
        return code;
    }
    static int read(sqlite3_file* base, void* to, int bytes, sqlite3_int64 offset) {
        if (file(base).vfs->power_is_cut()) return SQLITE_IOERR_READ;
        return real(base)->pMethods->xRead(real(base), to, bytes, offset);
    }
    static int write(sqlite3_file* base, const void* from, int bytes, sqlite3_int64 offset) {
        File& to = file(base);
        if (to.image) {
            const std::lock_guard lock(to.vfs->mutex_);
            if (const int code = to.vfs->strike(*to.image, false, false); code != SQLITE_OK)
                return code;
            to.image->unsynced.push_back(
                {offset, {static_cast<const char*>(from), static_cast<std::size_t>(bytes)}});
        }
        return real(base)->pMethods->xWrite(real(base), from, bytes, offset);
    }
    static int truncate(sqlite3_file* base, sqlite3_int64 size) {
        File& to = file(base);
        if (to.image) {
            const std::lock_guard lock(to.vfs->mutex_);
            if (const int code = to.vfs->strike(*to.image, false, true); code != SQLITE_OK)
                return code;
            to.image->unsynced.push_back({size, {}, true});
        }
        return real(base)->pMethods->xTruncate(real(base), size);
    }
    static int sync(sqlite3_file* base, int) {
        // The real one is left out: the copies that this keeps are the disk.
        File& to = file(base);
        if (!to.image) return SQLITE_OK;
        const std::lock_guard lock(to.vfs->mutex_);
        if (const int code = to.vfs->strike(*to.image, true, false); code != SQLITE_OK) return code;
        for (const Write& done : to.image->unsynced) apply(to.image->safe, done, done.bytes.size());
        to.image->unsynced.clear();
        return SQLITE_OK;
    }
    static int size(sqlite3_file* base, sqlite3_int64* to) {
        return real(base)->pMethods->xFileSize(real(base), to);
    }
    static int lock(sqlite3_file* base, int level) {
        return real(base)->pMethods->xLock(real(base), level);
    }
    static int unlock(sqlite3_file* base, int level) {
        return real(base)->pMethods->xUnlock(real(base), level);
    }
    static int check_lock(sqlite3_file* base, int* to) {
        return real(base)->pMethods->xCheckReservedLock(real(base), to);
    }
    static int control(sqlite3_file* base, int what, void* about) {
        // A hint about the size would write behind our back.
        if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
        return real(base)->pMethods->xFileControl(real(base), what, about);
    }
    static int sector(sqlite3_file*) { return static_cast<int>(kSector); }
    static int promises(sqlite3_file*) { return 0; }
    static int shm_map(sqlite3_file* base, int page, int size, int extend, void volatile** to) {
        return real(base)->pMethods->xShmMap(real(base), page, size, extend, to);
    }
    static int shm_lock(sqlite3_file* base, int offset, int count, int flags) {
        return real(base)->pMethods->xShmLock(real(base), offset, count, flags);
    }
    static void shm_barrier(sqlite3_file* base) { real(base)->pMethods->xShmBarrier(real(base)); }
    static int shm_unmap(sqlite3_file* base, int remove) {
        return real(base)->pMethods->xShmUnmap(real(base), remove);
    }

    // -- The file system
    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags,
                    int* out_flags) {
        // Version 2: with shared memory, without mapped files, whose writes could not be seen.
        static const sqlite3_io_methods kMethods{
            2,        close,       read,       write,   truncate, sync,     size,
            lock,     unlock,      check_lock, control, sector,   promises, shm_map,
            shm_lock, shm_barrier, shm_unmap,  nullptr, nullptr};
        FaultyVfs& all = self(vfs);
        base->pMethods = nullptr;
        if (all.power_is_cut()) return SQLITE_CANTOPEN;
        File& opened = *new (base) File{{nullptr}, &all, nullptr};
        const int code = all.real_->xOpen(all.real_, name, opened.real(), flags, out_flags);
        if (code != SQLITE_OK) {
            opened.image.~shared_ptr();
            return code;
        }
        if (name != nullptr) opened.image = all.image_of(name);
        base->pMethods = &kMethods;
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
        FaultyVfs& all = self(vfs);
        const std::lock_guard lock(all.mutex_);
        if (all.cut_) return SQLITE_IOERR_DELETE;
        all.images_.erase(name);
        return all.real_->xDelete(all.real_, name, sync_directory);
    }
    static int access(sqlite3_vfs* vfs, const char* name, int flags, int* to) {
        return below(vfs)->xAccess(below(vfs), name, flags, to);
    }
    static int full_name(sqlite3_vfs* vfs, const char* name, int bytes, char* to) {
        return below(vfs)->xFullPathname(below(vfs), name, bytes, to);
    }
    static int randomness(sqlite3_vfs* vfs, int bytes, char* to) {
        return below(vfs)->xRandomness(below(vfs), bytes, to);
    }
    static int sleep(sqlite3_vfs* vfs, int microseconds) {
        return below(vfs)->xSleep(below(vfs), microseconds);
    }
    static int time(sqlite3_vfs* vfs, double* to) {
        return below(vfs)->xCurrentTime(below(vfs), to);
    }
    static int last_error(sqlite3_vfs* vfs, int bytes, char* to) {
        return below(vfs)->xGetLastError(below(vfs), bytes, to);
    }
};

FaultyVfs::FaultyVfs(std::uint64_t seed)
    : random_(seed), real_(sqlite3_vfs_find(nullptr)), vfs_(std::make_unique<sqlite3_vfs>()) {
    vfs_->iVersion = 1;
    vfs_->szOsFile = static_cast<int>(sizeof(Hooks::File)) + real_->szOsFile;
    vfs_->mxPathname = real_->mxPathname;
    vfs_->zName = "faulty";
    vfs_->pAppData = this;
    vfs_->xOpen = Hooks::open;
    vfs_->xDelete = Hooks::remove;
    vfs_->xAccess = Hooks::access;
    vfs_->xFullPathname = Hooks::full_name;
    vfs_->xRandomness = Hooks::randomness;
    vfs_->xSleep = Hooks::sleep;
    vfs_->xCurrentTime = Hooks::time;
    vfs_->xGetLastError = Hooks::last_error;
    sqlite3_vfs_register(vfs_.get(), 1);
}

FaultyVfs::~FaultyVfs() {
    sqlite3_vfs_unregister(vfs_.get());
    sqlite3_vfs_register(real_, 1);
}

std::shared_ptr<FaultyVfs::Image> FaultyVfs::image_of(const std::string& path) {
    const std::lock_guard lock(mutex_);
    auto& image = images_[path];
    if (!image) {
        image = std::make_shared<Image>();
        image->name = std::filesystem::path(path).filename();
        image->safe = read_file(path);
    }
    return image;
}

void FaultyVfs::fail(Fault fault, std::int64_t operations_from_now, int times) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    fail_from_ = operations_ + operations_from_now;
    fail_times_ = times;
}

int FaultyVfs::struck() const {
    const std::lock_guard lock(mutex_);
    return struck_;
}

std::size_t FaultyVfs::unsynced(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto image = images_.find(path);
    return image == images_.end() ? 0 : image->second->unsynced.size();
}

std::int64_t FaultyVfs::operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
}

void FaultyVfs::cut_power(std::int64_t operations_from_now) {
    const std::lock_guard lock(mutex_);
    cut_at_ = operations_ + operations_from_now;
}

bool FaultyVfs::power_is_cut() const {
    const std::lock_guard lock(mutex_);
    return cut_;
}

std::string FaultyVfs::cut_in() const {
    const std::lock_guard lock(mutex_);
    return cut_in_;
}

int FaultyVfs::strike(const Image& image, bool is_sync, bool is_truncation) {
    ++operations_;
    if (cut_at_ != 0 && operations_ >= cut_at_ && !std::exchange(cut_, true)) cut_in_ = image.name;
    if (cut_) return is_sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
    if (fail_times_ == 0 || operations_ < fail_from_) return SQLITE_OK;
    const bool fits = fault_ == Fault::kSyncError
                          ? is_sync
                          : !is_sync && (fault_ == Fault::kWriteError || !is_truncation);
    if (!fits) return SQLITE_OK;
    --fail_times_;
    ++struck_;
    switch (fault_) {
        case Fault::kDiskFull:
            return SQLITE_FULL;
        case Fault::kSyncError:
            return SQLITE_IOERR_FSYNC;
        default:
            return is_truncation ? SQLITE_IOERR_TRUNCATE : SQLITE_IOERR_WRITE;
    }
}

void FaultyVfs::apply(std::string& content, const Write& write, std::size_t bytes) {
    const auto offset = static_cast<std::size_t>(write.offset);
    if (write.truncation) {
        content.resize(std::min(content.size(), offset));
        return;
    }
    if (content.size() < offset + bytes) content.resize(offset + bytes);
    content.replace(offset, bytes, write.bytes, 0, bytes);
}

void FaultyVfs::restore_to(const std::filesystem::path& directory) {
    const std::lock_guard lock(mutex_);
    std::filesystem::create_directories(directory);
    for (const auto& [path, image] : images_) {
        std::string content = image->safe;
        std::vector<Write> left = image->unsynced;
        // None of it, a beginning of it, or anything in any order.
        const auto fate = random_() % 3;
        if (fate == 0) left.clear();
        if (fate == 1 && !left.empty()) left.resize(random_() % (left.size() + 1));
        if (fate == 2) std::shuffle(left.begin(), left.end(), random_);
        for (const Write& write : left) {
            if (fate == 2 && random_() % 2 == 0) continue;
            const bool torn = random_() % 8 == 0;
            const std::size_t sectors = write.bytes.size() / kSector;
            apply(content, write,
                  torn ? kSector * (random_() % (sectors + 1)) : write.bytes.size());
        }
        const auto to = directory / std::filesystem::path(path).filename();
        std::ofstream(to, std::ios::binary)
            .write(content.data(), static_cast<std::streamsize>(content.size()));
    }
}

}  // namespace a2akit::test_support
