#include <a2akit/core/clock.hpp>

#include <fmt/format.h>
#include <time.h>

namespace a2akit {
namespace {

class SystemClock final : public Clock {
public:
    [[nodiscard]] Timestamp now() const noexcept override {
        timespec time{};
        ::clock_gettime(
            CLOCK_REALTIME,
            &time);  // The coarse clock lags by a tick: a list "since now" would miss tasks.
        return Timestamp(Duration(time.tv_sec * 1000 + time.tv_nsec / 1'000'000));
    }
};

}  // namespace

std::shared_ptr<const Clock> system_clock() { return std::make_shared<const SystemClock>(); }

std::string to_string(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

}  // namespace a2akit
