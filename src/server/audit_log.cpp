#include "server/audit_log.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/writer.hpp"
#include "server/audit_line.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

constexpr const char* kSetting = "A2AKIT_AUDIT_LOG";
// A line has some fields of at most 256 bytes, of which each may take six in JSON.
constexpr std::size_t kLongestLine = std::size_t{64} << 10U;

Error wrong_file(const std::string& path, const std::string& problem) {
    return Error::invalid_field(kSetting, "\"" + path + "\" " + problem);
}

/// The last bytes of a file.
std::string end_of(int file, std::size_t size) {
    std::string text(std::min(size, 2 * kLongestLine), '\0');
    std::size_t read = 0;
    while (read < text.size()) {
        const auto got = ::pread(file, text.data() + read, text.size() - read,
                                 static_cast<off_t>(size - text.size() + read));
        if (got <= 0) break;
        read += static_cast<std::size_t>(got);
    }
    text.resize(read);
    return text;
}

/// The number of the first record of an audit log, which may be cut short; 0 when the text can't be
/// the beginning of one.
std::uint64_t first_number(std::string_view text) {
    constexpr std::string_view kBegin = R"({"seq":)";
    if (kBegin.starts_with(text)) return 1;
    if (!text.starts_with(kBegin)) return 0;
    text.remove_prefix(kBegin.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool ends = error == std::errc{} && end != text.data() + text.size() && *end == ',';
    return ends ? number : std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void add(json::Writer& writer, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    writer.key(name);
    writer.string(value);
}

}  // namespace

AuditLog::AuditLog(std::string path, int file, DiskSync::Options sync,
                   std::shared_ptr<const Clock> clock, std::uint64_t max_bytes)
    : path_(std::move(path)),
      clock_(std::move(clock)),
      max_bytes_(max_bytes),
      file_(file),
      rotate_at_(max_bytes),
      previous_(first_audit_hash()),
      sync_(std::move(sync), path_) {
    sync_.use(file_);
}

AuditLog::~AuditLog() { ::close(file_); }

/// A file that this process alone writes.
Result<int> AuditLog::open_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return fail(wrong_file(path, "cannot be written: " + std::string(std::strerror(errno))));
    struct stat status{};
    std::string problem;
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        problem = "is not a regular file";
    } else if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        problem = "is in use by another process; each node needs a file of its own";
    }
    if (problem.empty()) return file;
    ::close(file);
    return fail(wrong_file(path, problem));
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(std::string path, DiskSync::Options sync,
                                                 std::shared_ptr<const Clock> clock,
                                                 std::uint64_t max_bytes) {
    const Result<int> file = open_file(path);
    if (!file) return fail(file.error());
    std::unique_ptr<AuditLog> log(
        new AuditLog(std::move(path), *file, std::move(sync), std::move(clock), max_bytes));
    if (Result<void> read = log->read_end(); !read) return fail(std::move(read.error()));
    if (max_bytes != 0) log->undo_unfinished_rotation();
    const std::lock_guard lock(log->mutex_);
    if (!log->finish_torn_line() || !log->write_event("opened"))
        return fail(wrong_file(log->path_, "cannot be written: the disk may be full"));
    return log;
}

/// Finds the place at which a file goes on.
Result<void> AuditLog::read_end() {
    struct stat status{};
    if (::fstat(file_, &status) != 0 || status.st_size == 0) return {};
    const auto size = static_cast<std::size_t>(status.st_size);
    size_ = size;
    std::string text = end_of(file_, size);
    const bool whole = text.size() == size;
    const std::uint64_t first = first_number(text);
    const std::size_t end = text.rfind('\n');
    tail_ = text.substr(end == std::string::npos ? 0 : end + 1);
    text.resize(end == std::string::npos ? 0 : end);
    for (bool newest = true; !text.empty(); newest = false) {
        const std::size_t begin = text.rfind('\n');
        const std::string line = text.substr(begin == std::string::npos ? 0 : begin + 1);
        if (newest) previous_ = audit_hash(line);
        if (const auto read = read_audit_line(line)) {
            sequence_ = read->sequence;
            return {};
        }
        torn_ += line.size();
        text.resize(begin == std::string::npos ? 0 : begin);
    }
    if (!whole || first == 0)
        return fail(wrong_file(path_, "is not an audit log; name a new file"));
    // A process that was killed while it wrote the first line has left a part of it.
    sequence_ = first - 1;
    return {};
}

Result<std::function<void()>> AuditLog::reopen() {
    struct stat ours{};
    struct stat named{};
    {
        const std::lock_guard lock(mutex_);
        if (::fstat(file_, &ours) != 0) return fail(wrong_file(path_, "cannot be read"));
    }
    const bool exists = ::stat(path_.c_str(), &named) == 0;
    if (exists && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
        return std::function<void()>([] {});
    if (exists && named.st_size != 0)
        return fail(wrong_file(path_, "is not the file that was written so far, and not empty"));
    const Result<int> file = open_file(path_);
    if (!file) return fail(file.error());
    // Closed again when nothing goes on with it.
    const auto close_it = [](const int* fresh) {
        if (*fresh >= 0) ::close(*fresh);
        delete fresh;
    };
    const std::shared_ptr<int> fresh(new int(*file), close_it);
    return std::function<void()>([this, fresh] { go_on_with(std::exchange(*fresh, -1)); });
}

void AuditLog::go_on_with(int file) {
    const std::lock_guard lock(mutex_);
    if (!tail_.empty()) take_tail();
    sync_.use(file);
    ::close(std::exchange(file_, file));
    size_ = 0;
    rotate_at_ = max_bytes_;
    fresh_ = true;
    failing_ = true;  // Until the first line is there.
    if (!ready()) log::error("audit records cannot be written file={}", quoted(path_));
}

// -- A full file ----------------------------------------------------------------------------------

/// With as many digits as keep the files of a log in order.
std::string AuditLog::name_of_full_file() const {
    const std::string number = std::to_string(sequence_);
    constexpr std::size_t kDigits = 12;
    return path_ + "." + std::string(kDigits - std::min(kDigits, number.size()), '0') + number;
}

/// A process that was killed in the middle of `rotate` has left the file with two names.
void AuditLog::undo_unfinished_rotation() const {
    const std::string name = name_of_full_file();
    struct stat ours{};
    struct stat other{};
    if (::fstat(file_, &ours) != 0 || ::lstat(name.c_str(), &other) != 0) return;
    if (ours.st_dev == other.st_dev && ours.st_ino == other.st_ino) ::unlink(name.c_str());
}

/// The new file gets its first line before it gets the name, so that a process that finds the name
/// knows where the log goes on. False, with errno: everything is as it was.
bool AuditLog::rotate() {
    struct stat ours{};
    struct stat named{};
    if (::fstat(file_, &ours) != 0 || ::stat(path_.c_str(), &named) != 0) return false;
    errno = EBUSY;  // It was moved away, and a SIGHUP is to follow.
    if (ours.st_dev != named.st_dev || ours.st_ino != named.st_ino) return false;
    const std::string next = path_ + ".next";
    ::unlink(next.c_str());  // of a process that was killed
    const Result<int> file = open_file(next);
    if (!file) return false;
    const std::string full = name_of_full_file();
    const std::string previous = previous_;
    const std::uint64_t sequence = sequence_;
    const int former = std::exchange(file_, *file);
    bool done = write_event("continued") && ::link(path_.c_str(), full.c_str()) == 0;
    if (done && ::rename(next.c_str(), path_.c_str()) != 0) {
        ::unlink(full.c_str());
        done = false;
    }
    if (done) {
        sync_.use(file_);
        sync_.written();
        ::close(former);
        return true;
    }
    const int error = errno;
    ::close(std::exchange(file_, former));
    ::unlink(next.c_str());
    previous_ = previous;
    sequence_ = sequence;
    tail_.clear();
    errno = error;
    return false;
}

/// REQUIRES: lines can be written.
void AuditLog::rotate_if_full() {
    if (max_bytes_ == 0 || size_ < rotate_at_) return;
    const std::uint64_t size = std::exchange(size_, 0);
    if (rotate()) {
        rotate_at_ = max_bytes_;
        log::info("audit records go on in a new file file={}", quoted(path_));
        return;
    }
    size_ = size;
    rotate_at_ = size + max_bytes_;
    log::error("the audit log is full, and cannot go on in a new file file={} error={}",
               quoted(path_), quoted(std::strerror(errno)));
}

/// Ends a line that has none, so that the next one begins on its own.
bool AuditLog::finish_torn_line() {
    if (tail_.empty()) return true;
    if (write_bytes("\n") != 1) return false;
    take_tail();
    return true;
}

/// Goes on behind a line that has no end.
void AuditLog::take_tail() {
    previous_ = audit_hash(tail_);
    if (const auto read = read_audit_line(tail_)) {
        // Only its end was missing, and so the call is recorded.
        sequence_ = read->sequence;
        if (lost_ > 0) --lost_;
    } else {
        torn_ += tail_.size();
    }
    tail_.clear();
}

std::size_t AuditLog::write_bytes(std::string_view bytes) {
    std::size_t written = 0;
    while (written < bytes.size()) {
        const ssize_t count = ::write(file_, bytes.data() + written, bytes.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        written += static_cast<std::size_t>(count);
    }
    size_ += written;
    return written;
}

std::string AuditLog::line_of(const AuditRecord& record, std::string_view event) const {
    std::string line;
    json::Writer writer(line);
    writer.begin_object();
    writer.key("seq");
    writer.raw(std::to_string(sequence_ + 1));
    add(writer, "time", to_string(clock_->now()));
    add(writer, "event", event);
    if (torn_ != 0) {
        writer.key("torn");
        writer.raw(std::to_string(torn_));
    }
    if (lost_ != 0) {
        writer.key("lost");
        writer.raw(std::to_string(lost_));
    }
    add(writer, "agent", record.agent);
    add(writer, "principal", record.principal);
    add(writer, "tenant", record.tenant);
    add(writer, "operation", record.operation);
    add(writer, "version", record.version);
    add(writer, "task", record.task);
    add(writer, "context", record.context);
    add(writer, "message", record.message);
    add(writer, "pushConfig", record.push_config);
    add(writer, "remote", record.remote);
    add(writer, "request", record.request_id);
    add(writer, "outcome", record.outcome);
    add(writer, "prev", previous_);
    writer.end_object();
    return line;
}

bool AuditLog::write_line(const std::string& line) {
    const std::string text = line + "\n";
    const std::size_t written = write_bytes(text);
    if (written != text.size()) {
        tail_ = text.substr(0, written);
        return false;
    }
    previous_ = audit_hash(line);
    ++sequence_;
    torn_ = 0;
    lost_ = 0;
    sync_.written();
    return true;
}

bool AuditLog::write_event(std::string_view event) { return write_line(line_of({}, event)); }

/// Whether lines can be written, after a failure by trying.
bool AuditLog::ready() {
    if (!failing_) return true;
    if (!finish_torn_line() || !write_event(fresh_ ? "continued" : "resumed")) return false;
    failing_ = false;
    if (std::exchange(fresh_, false)) {
        log::info("audit records go on in a new file file={}", quoted(path_));
    } else {
        log::info("audit records are written again file={}", quoted(path_));
    }
    return true;
}

bool AuditLog::append(const AuditRecord& record) {
    const std::lock_guard lock(mutex_);
    if (ready()) {
        rotate_if_full();
        if (write_line(line_of(record, {}))) return true;
    }
    ++lost_;
    if (!std::exchange(failing_, true)) {
        log::error("audit records cannot be written file={} error={}", quoted(path_),
                   quoted(std::strerror(errno)));
    }
    return false;
}

bool AuditLog::is_writable() {
    const std::lock_guard lock(mutex_);
    return ready() && !sync_.is_failing();
}

Async<void> AuditLog::settle() { return sync_.settle(); }

AuditCheck check_audit_log(const std::vector<std::istream*>& files) {
    AuditCheck check;
    std::string previous;
    std::uint64_t next = 0;       // The number of the next record; 0: the first one says it.
    std::uint64_t torn_line = 0;  // The first of some lines that are not whole; 0: none.
    std::size_t torn_file = 0;
    std::size_t torn_size = 0;
    std::size_t file = 0;
    std::uint64_t number = 0;
    const auto wrong = [&](std::string problem) {
        check.wrong = {file, number, std::move(problem)};
        return check;
    };
    for (; file < files.size(); ++file) {
        number = 0;
        for (std::string line; std::getline(*files[file], line);) {
            ++number;
            const auto read = read_audit_line(line);
            if (!read) {
                if (torn_line == 0) {
                    torn_line = number;
                    torn_file = file;
                }
                torn_size += line.size();
                ++check.torn;
                previous = audit_hash(line);
                continue;
            }
            if (read->torn != torn_size) {
                if (torn_line == 0)
                    return wrong("says that the line before it was cut short, which it was not");
                file = torn_file;
                number = torn_line;
                return wrong("is not a record");
            }
            if (next == 0) {
                // Only a line that says so goes on with an earlier file.
                const bool continues = read->event == "continued" || torn_line != 0;
                next = continues ? read->sequence : 1;
                check.first = next;
                if (continues && next > 1) check.before = read->previous;
                if (torn_line == 0) previous = continues ? read->previous : first_audit_hash();
            }
            if (read->previous != previous) return wrong("does not follow from the line before it");
            if (read->sequence != next) {
                return wrong("has the number " + std::to_string(read->sequence) + " and not " +
                             std::to_string(next));
            }
            torn_line = 0;
            torn_size = 0;
            check.lost += read->lost;
            ++check.records;
            ++next;
            previous = audit_hash(line);
            check.last_hash = previous;
        }
    }
    // Or the process was killed after it had ended the line, before it wrote the next one.
    if (torn_line != 0) check.ends_torn = true;
    return check;
}

}  // namespace a2akit
