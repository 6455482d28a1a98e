#include "accounts/usage.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "accounts/priced_records.hpp"
#include "accounts/usage_buffer.hpp"
#include "accounts/usage_rows.hpp"
#include "base/ids.hpp"
#include "base/mutex.hpp"
#include "base/pool.hpp"

namespace toolrack::accounts {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

constexpr auto kFlushAfter = 200ms;
/// A buffer of this size does not wait for its time; some 600 records.
constexpr std::size_t kFlushAtBytes = 128 << 10;
/// What is kept while the store refuses to take it; beyond it the oldest records are lost, and counted.
constexpr std::size_t kMaxUnsavedBytes = 16 << 20;
constexpr std::size_t kMaxSpareBuffers = 4;
/// A priced call sends the free ones before it on their way first while fewer batches than this are.
constexpr std::uint64_t kMaxBatchesForOrder = 4;
constexpr std::size_t kMaxPage = 500;

/// What one loop has gathered. The mutex is taken by its loop alone but for a swap when somebody flushes, so it costs
/// the call path an uncontended exchange; it lets records be saved when the loops stand still.
struct LoopBuffer {
  explicit LoopBuffer(base::Loop& loop) : timer(std::in_place, loop.context()) {}
  base::Mutex mutex;
  std::string bytes TR_GUARDED_BY(mutex);
  bool is_armed TR_GUARDED_BY(mutex) = false;
  std::optional<boost::asio::steady_timer> timer;  // The loop's; gone when Usage has ended.
};

/// What goes to the store as one commit, and stays here until it is there.
struct Batch {
  std::string name;
  std::vector<std::string> buffers;
  std::size_t size() const noexcept {
    std::size_t bytes = 0;
    for (const auto& buffer : buffers) bytes += buffer.size();
    return bytes;
  }
};

}  // namespace

class Usage::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(store::Store& store, base::Loops& loops, const base::Clock& clock) : store_(store), clock_(clock) {
    for (std::size_t i = 0; i < loops.size(); ++i) buffers_.push_back(std::make_shared<LoopBuffer>(loops[i]));
  }

  void record(base::Loop& loop, const UsageRecord& record);
  void record_durably(base::Loop& loop, const UsageRecord& record, std::function<void(base::Result<void>)> done);
  base::Result<void> flush();
  std::uint64_t lost();
  void add_to(store::Commit& commit, const UsageRecord& record) { append_usage(commit, {&record, 1}, next_name()); }
  store::Store& store() noexcept { return store_; }
  const base::Clock& clock() const noexcept { return clock_; }
  /// Nobody records any more. The store's thread may hold on to this object until after the loops are gone.
  void stop();

 private:
  using BatchRef = std::shared_ptr<Batch>;
  void arm(const std::shared_ptr<LoopBuffer>& buffer);
  void gather();
  /// An empty buffer, of full size if there is one.
  std::string spare();
  void give_spare(std::string buffer) TR_REQUIRES(mutex_);
  void hand_off(BatchRef batch) TR_REQUIRES(mutex_);
  void write(const BatchRef& batch);
  void finish(const BatchRef& batch, base::Result<store::Receipt> result);
  void keep(BatchRef batch) TR_REQUIRES(mutex_);
  std::string next_name();

  store::Store& store_;
  const base::Clock& clock_;
  const std::string process_ = base::random_hex(4);
  std::vector<std::shared_ptr<LoopBuffer>> buffers_;
  std::atomic<std::int64_t> last_us_{0};
  /// Set after a record was added, taken back before the buffers are looked at; their mutexes order the two.
  std::atomic<bool> has_records_{false};
  std::atomic<std::uint64_t> handed_off_{0}, finished_{0};  // Batches; written under mutex_.

  base::Mutex mutex_;
  std::condition_variable all_finished_;
  std::vector<std::string> spare_ TR_GUARDED_BY(mutex_);  // Empty buffers that have grown to their size.
  std::deque<BatchRef> unsaved_ TR_GUARDED_BY(mutex_);    // Oldest first.
  std::size_t unsaved_bytes_ TR_GUARDED_BY(mutex_) = 0;
  std::optional<base::Error> last_error_ TR_GUARDED_BY(mutex_);
  std::uint64_t lost_ TR_GUARDED_BY(mutex_) = 0;

  base::Pool pool_{"usage", 1};  // Turns bytes into commits: JSON has no place on a loop.
  PricedRecords priced_{store_, pool_, [this] { return next_name(); }};
};

/// Ascending over all threads, and never one of another process or of before a restart.
std::string Usage::Impl::next_name() {
  const auto now = clock_.unix_ns() / 1'000;
  auto last = last_us_.load(std::memory_order_relaxed);
  while (!last_us_.compare_exchange_weak(last, std::max(last + 1, now), std::memory_order_relaxed)) {
  }
  return fmt::format("{:017}{}", std::max(last + 1, now), process_);
}

void Usage::Impl::record(base::Loop& loop, const UsageRecord& record) {
  const auto& buffer = buffers_[loop.index()];
  bool is_first = false, is_full = false;
  {
    base::Lock lock(buffer->mutex);
    append_bytes(buffer->bytes, record);
    is_full = buffer->bytes.size() >= kFlushAtBytes;
    is_first = !std::exchange(buffer->is_armed, true);
  }
  if (!has_records_.load(std::memory_order_relaxed)) has_records_.store(true, std::memory_order_relaxed);
  if (is_first) arm(buffer);
  if (is_full) gather();
}

void Usage::Impl::arm(const std::shared_ptr<LoopBuffer>& buffer) {
  buffer->timer->expires_after(kFlushAfter);
  buffer->timer->async_wait([buffer, weak = weak_from_this()](boost::system::error_code) {
    {
      base::Lock lock(buffer->mutex);
      buffer->is_armed = false;
    }
    if (const auto self = weak.lock()) self->gather();
  });
}

/// Takes what all loops have, into one batch if it is not much, so that the history is in order across loops.
void Usage::Impl::gather() {
  if (!has_records_.exchange(false)) return;
  auto batch = std::make_shared<Batch>();
  for (const auto& buffer : buffers_) {
    auto taken = spare();
    {
      base::Lock lock(buffer->mutex);
      buffer->bytes.swap(taken);
    }
    base::Lock lock(mutex_);
    if (taken.empty()) {
      give_spare(std::move(taken));
      continue;
    }
    if (batch->size() != 0 && batch->size() + taken.size() > kFlushAtBytes)
      hand_off(std::exchange(batch, std::make_shared<Batch>()));
    batch->buffers.push_back(std::move(taken));
  }
  base::Lock lock(mutex_);
  if (batch->size() != 0) hand_off(std::move(batch));
}

std::string Usage::Impl::spare() {
  base::Lock lock(mutex_);
  if (spare_.empty()) return {};
  auto buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

void Usage::Impl::give_spare(std::string buffer) {
  if (spare_.size() >= kMaxSpareBuffers) return;
  buffer.clear();
  spare_.push_back(std::move(buffer));
}

void Usage::Impl::hand_off(BatchRef batch) {
  ++handed_off_;
  if (batch->name.empty()) batch->name = next_name();
  if (pool_.post([self = shared_from_this(), batch] { self->write(batch); })) return;
  ++finished_;
  last_error_ = base::Error(ErrorCode::kUnavailable, "There is no thread to write usage records.");
  keep(std::move(batch));
}

void Usage::Impl::write(const BatchRef& batch) {
  std::vector<UsageRecord> records;
  for (const auto& buffer : batch->buffers) read_records(buffer, records);
  std::ranges::stable_sort(records, {},
                           [](const UsageRecord& record) { return record.started_unix_ns + record.latency_ns; });
  store::Commit commit;
  append_usage(commit, records, batch->name);
  store_.submit(std::move(commit), [self = shared_from_this(), batch](base::Result<store::Receipt> result) {
    self->finish(batch, std::move(result));
  });
}

void Usage::Impl::finish(const BatchRef& batch, base::Result<store::Receipt> result) {
  base::Lock lock(mutex_);
  ++finished_;
  // Refused with kExists: an earlier try did reach the disk although the store had to report a failure.
  if (result && (result->accepted() || result->refusal == store::Refusal::kExists)) {
    for (auto& buffer : batch->buffers) give_spare(std::move(buffer));
    if (!unsaved_.empty()) {  // The store takes commits again: the next of those that it did not take.
      auto next = std::move(unsaved_.front());
      unsaved_.pop_front();
      unsaved_bytes_ -= next->size();
      hand_off(std::move(next));
    }
  } else {
    last_error_ =
        result ? base::Error(ErrorCode::kStoreFailed, "A usage counter would overflow.") : std::move(result).error();
    keep(batch);
  }
  all_finished_.notify_all();
}

void Usage::Impl::stop() {
  priced_.wait();
  pool_.stop();
  for (const auto& buffer : buffers_) buffer->timer.reset();
}

void Usage::Impl::keep(BatchRef batch) {
  unsaved_bytes_ += batch->size();
  unsaved_.push_back(std::move(batch));
  while (unsaved_bytes_ > kMaxUnsavedBytes) {
    std::vector<UsageRecord> records;
    for (const auto& buffer : unsaved_.front()->buffers) read_records(buffer, records);
    lost_ += records.size();
    unsaved_bytes_ -= unsaved_.front()->size();
    unsaved_.pop_front();
  }
}

base::Result<void> Usage::Impl::flush() {
  gather();
  base::Lock lock(mutex_);
  for (auto& batch : std::exchange(unsaved_, {})) hand_off(std::move(batch));
  unsaved_bytes_ = 0;
  const auto ticket = handed_off_.load();
  while (finished_.load() < ticket) lock.wait(all_finished_);
  if (!unsaved_.empty() && last_error_) return tl::unexpected(*last_error_);
  return {};
}

std::uint64_t Usage::Impl::lost() {
  base::Lock lock(mutex_);
  return lost_;
}

void Usage::Impl::record_durably(base::Loop& loop, const UsageRecord& record,
                                 std::function<void(base::Result<void>)> done) {
  // Free calls before this one come before it in the history, unless there are so many that batches queue up.
  if (handed_off_.load(std::memory_order_relaxed) - finished_.load(std::memory_order_relaxed) < kMaxBatchesForOrder)
    gather();
  priced_.add(shared_from_this(), loop, record, std::move(done));
}

Usage::Usage(store::Store& store, base::Loops& loops, const base::Clock& clock)
    : impl_(std::make_shared<Impl>(store, loops, clock)) {}

Usage::~Usage() {
  static_cast<void>(flush());  // What the store does not take now is lost; `lost` cannot be asked any more.
  impl_->stop();
}

void Usage::record(base::Loop& loop, const UsageRecord& record) { impl_->record(loop, record); }

void Usage::record_durably(base::Loop& loop, const UsageRecord& record, std::function<void(base::Result<void>)> done) {
  impl_->record_durably(loop, record, std::move(done));
}

void Usage::add_to(store::Commit& commit, const UsageRecord& record) { impl_->add_to(commit, record); }

base::Result<void> Usage::flush() { return impl_->flush(); }

std::uint64_t Usage::lost() const { return impl_->lost(); }

base::Result<std::vector<UsageRow>> Usage::summary(std::string_view account, Period period) {
  TRY(flush());
  constexpr std::int64_t kDayNs = 86'400'000'000'000;
  const std::array<std::int64_t, 3> days_back{0, 6, 29};
  const auto prefix = account_prefix(account);
  auto first = prefix;
  if (period != Period::kAll)
    first += day_of(impl_->clock().unix_ns() - days_back[static_cast<std::size_t>(period)] * kDayNs);

  std::map<std::tuple<std::string, std::string, std::string>, UsageRow> rows;
  const auto view = TRY(impl_->store().snapshot());
  TRY(view->scan(kUsageDays, prefix, first, store::Snapshot::Order::kForward,
                 [&](std::string_view key, const store::Document& document) {
                   DayFigure figure;
                   std::int64_t value = 0;
                   std::from_chars(document.json.data(), document.json.data() + document.json.size(), value);
                   if (!read_day_key(key.substr(prefix.size()), figure)) return true;
                   auto& row = rows[{figure.owner, figure.tool, figure.skill}];
                   if (figure.figure == "calls") row.calls += static_cast<std::uint64_t>(value);
                   if (figure.figure == "errors") row.errors += static_cast<std::uint64_t>(value);
                   if (figure.figure == "raw") row.raw_cost = row.raw_cost + base::Money::from_micros(value);
                   if (figure.figure == "cost") row.cost = row.cost + base::Money::from_micros(value);
                   if (figure.figure == "latency") row.total_latency_ns += value;
                   return true;
                 }));
  std::vector<UsageRow> sorted;
  for (auto& [name, row] : rows) {
    std::tie(row.owner, row.tool, row.skill) = name;
    sorted.push_back(std::move(row));
  }
  std::ranges::stable_sort(sorted, std::greater{}, [](const UsageRow& row) { return std::pair(row.cost, row.calls); });
  return sorted;
}

base::Result<Usage::Page> Usage::history(std::string_view account, std::size_t limit, std::string_view cursor) {
  // A cursor names the document and how many of its rows, counted from the oldest, are still to come.
  std::string_view document;
  std::size_t rows_left = std::string_view::npos;
  if (!cursor.empty()) {
    const auto dot = cursor.find('.');
    const auto digits = dot == cursor.npos ? std::string_view() : cursor.substr(dot + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), rows_left);
    document = cursor.substr(0, dot);
    if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() ||
        document.size() > 64)
      return base::fail(ErrorCode::kInvalidRequest, "The cursor is none that a page of the history gave out.",
                        "Leave the cursor out to start with the newest record.");
  }
  limit = std::clamp<std::size_t>(limit, 1, kMaxPage);
  TRY(flush());

  Page page;
  std::optional<base::Error> broken;
  const auto prefix = account_prefix(account);
  const auto view = TRY(impl_->store().snapshot());
  TRY(view->scan(kUsageRows, prefix, document.empty() ? std::string() : prefix + std::string(document),
                 store::Snapshot::Order::kBackward, [&](std::string_view key, const store::Document& found) {
                   key.remove_prefix(prefix.size());
                   if (page.records_json.size() == limit) {
                     page.next_cursor =
                         fmt::format("{}.{}", key, kMaxPage);  // All of its rows; there are never as many.
                     return false;
                   }
                   auto rows = read_rows(found.json);
                   if (!rows) {
                     broken = std::move(rows).error();
                     return false;
                   }
                   auto left = key == document ? std::min(rows_left, rows->size()) : rows->size();
                   while (left > 0 && page.records_json.size() < limit)
                     page.records_json.push_back(std::move((*rows)[--left]));
                   if (left == 0) return true;
                   page.next_cursor = fmt::format("{}.{}", key, left);
                   return false;
                 }));
  if (broken) return tl::unexpected(std::move(*broken));
  return page;
}

}  // namespace toolrack::accounts
