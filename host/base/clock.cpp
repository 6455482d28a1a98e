#include "base/clock.hpp"

#include <ctime>

namespace toolrack::base {
namespace {

std::int64_t read(clockid_t which) noexcept {
  timespec now{};
  ::clock_gettime(which, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  std::int64_t unix_ns() const noexcept override { return read(CLOCK_REALTIME); }
  std::int64_t monotonic_ns() const noexcept override { return read(CLOCK_MONOTONIC); }
};

/// Writes `value` right-aligned with leading zeros before `end`.
void put_digits(char* end, unsigned value, int width) noexcept {
  for (; width > 0; --width, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

Rfc3339 to_rfc3339(std::int64_t unix_ns) noexcept {
  using namespace std::chrono;
  const sys_time<milliseconds> time(floor<milliseconds>(Nanoseconds(unix_ns)));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);

  // 64 bits of nanoseconds reach from 1677 to 2262, so every year has four digits.
  Rfc3339 out{"0000-00-00T00:00:00.000Z"};
  put_digits(out.text + 4, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put_digits(out.text + 7, static_cast<unsigned>(date.month()), 2);
  put_digits(out.text + 10, static_cast<unsigned>(date.day()), 2);
  put_digits(out.text + 13, static_cast<unsigned>(clock.hours().count()), 2);
  put_digits(out.text + 16, static_cast<unsigned>(clock.minutes().count()), 2);
  put_digits(out.text + 19, static_cast<unsigned>(clock.seconds().count()), 2);
  put_digits(out.text + 23, static_cast<unsigned>(clock.subseconds().count()), 3);
  return out;
}

}  // namespace toolrack::base
