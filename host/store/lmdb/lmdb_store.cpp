#include "store/lmdb/lmdb_store.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "store/commit_rules.hpp"
#include "store/lmdb/batch.hpp"
#include "store/lmdb/environment.hpp"
#include "store/lmdb/reader_gate.hpp"
#include "store/lmdb/schema.hpp"
#include "store/lmdb/snapshot.hpp"

namespace toolrack::store {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

/// Bounds of one transaction: enough to share its sync well, little enough to answer soon. LMDB keeps the pages of the
/// largest one for ever, so what queues up while the disk stalls is written in several.
constexpr std::size_t kMaxBatchCommits = 512;
constexpr std::size_t kMaxBatchBytes = 1 << 20;
/// Above this share of the map in use it grows while there is still room.
constexpr std::size_t kGrowAtPercent = 70;
/// How long a map that is not full yet waits for open snapshots before it puts growing off.
constexpr auto kEarlyGrowPatience = 5ms;

}  // namespace

struct LmdbStore::Request {
  Commit commit;
  Done done;
  base::Result<Receipt> result = Receipt{};
  bool is_valid = true;  ///< Else `result` is its error already.
  std::size_t weight = 0;
};

base::Result<std::unique_ptr<LmdbStore>> LmdbStore::open(const std::filesystem::path& directory,
                                                         const LmdbSettings& settings) {
  auto environment = TRY(lmdb::Environment::open(directory, {.initial_map_bytes = settings.initial_map_bytes,
                                                             .max_map_bytes = settings.max_map_bytes,
                                                             .max_readers = settings.max_snapshots}));
  TRY(lmdb::check_schema(*environment, kSchemaVersion));
  return std::unique_ptr<LmdbStore>(new LmdbStore(std::move(environment), settings));
}

LmdbStore::LmdbStore(std::unique_ptr<lmdb::Environment> environment, const LmdbSettings& settings)
    : settings_(settings),
      environment_(std::move(environment)),
      gate_(std::make_unique<lmdb::ReaderGate>()),
      batch_(std::make_unique<lmdb::Batch>()),
      next_reader_check_(std::chrono::steady_clock::now() + settings.reader_check_interval),
      writer_([this] { run(); }) {}

LmdbStore::~LmdbStore() {
  {
    base::Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
  assert(gate_->inside() == 0 && "a snapshot outlives its store");
}

void LmdbStore::submit(Commit commit, Done done) {
  Request request{
      .commit = std::move(commit), .done = std::move(done), .result = Receipt{}, .is_valid = true, .weight = 0};
  if (auto valid = check_commit(request.commit); !valid) {
    request.result = tl::unexpected(std::move(valid).error());
    request.is_valid = false;
  } else {
    request.weight = weight(request.commit);
  }
  bool was_empty = false;
  {
    base::Lock lock(mutex_);
    assert(!stopping_ || std::this_thread::get_id() == writer_.get_id());
    if (queue_.size() >= settings_.max_queued_commits && request.is_valid) {
      request.result =
          base::fail(ErrorCode::kUnavailable, fmt::format("{} commits wait for the store already.", queue_.size()));
      request.is_valid = false;
      request.commit.clear();
    }
    was_empty = queue_.empty();
    queue_.push_back(std::move(request));
  }
  if (was_empty) wake_.notify_one();
}

base::Result<std::unique_ptr<Snapshot>> LmdbStore::snapshot() {
  return lmdb::LmdbSnapshot::begin(*environment_, *gate_, settings_.max_snapshot_age);
}

LmdbStore::Figures LmdbStore::figures() const {
  gate_->enter();  // The map must not move meanwhile.
  const auto map = environment_->figures();
  gate_->leave();
  return {.accepted = accepted_.load(),
          .refused = refused_.load(),
          .failed = failed_.load(),
          .transactions = transactions_.load(),
          .stale_readers = stale_readers_.load(),
          .map_bytes = map.map_bytes,
          .used_bytes = map.used_bytes,
          .snapshots = gate_->inside()};
}

void LmdbStore::run() {
  ::pthread_setname_np(::pthread_self(), "store");
  std::vector<Request> taken;
  for (bool last = false; !last;) {
    {
      base::Lock lock(mutex_);
      while (queue_.empty() && !stopping_) {
        const auto left = next_reader_check_ - std::chrono::steady_clock::now();
        if (left <= left.zero()) break;
        lock.wait_for(wake_, left);
      }
      taken.swap(queue_);
      last = taken.empty() && stopping_;
    }
    for (auto rest = std::span(taken); !rest.empty();) {
      std::size_t count = 0, bytes = 0;
      while (count < std::min(rest.size(), kMaxBatchCommits) && (count == 0 || bytes < kMaxBatchBytes))
        bytes += rest[count++].weight;
      const auto batch = rest.first(count);
      write(batch);
      for (auto& request : batch) request.done(std::move(request.result));
      rest = rest.subspan(count);
      grow_early();
    }
    taken.clear();
    check_readers();
  }
}

void LmdbStore::write(std::span<Request> batch) {
  int code = 0;
  bool is_first_time = true;
  do {
    code = try_write(batch);
  } while (code != 0 && recover(code, std::exchange(is_first_time, false)));
  if (code == MDB_TXN_FULL && batch.size() > 1) {
    // More pages than one transaction may touch: in halves, so that a huge commit does not take the others with it.
    write(batch.first(batch.size() / 2));
    write(batch.subspan(batch.size() / 2));
    return;
  }
  if (code != 0) heal();
  for (auto& request : batch) {
    if (code != 0 && request.is_valid) request.result = tl::unexpected(write_error(code));
    auto& count = !request.result ? failed_ : request.result->accepted() ? accepted_ : refused_;
    count.fetch_add(1, std::memory_order_relaxed);
  }
}

base::Error LmdbStore::write_error(int code) const {
  const auto directory = environment_->directory().string();
  if (code != MDB_MAP_FULL) return lmdb::to_error(code, fmt::format("The store in {} cannot be written", directory));
  const auto size = environment_->figures().map_bytes;
  if (size < settings_.max_map_bytes)
    return base::Error(
        ErrorCode::kStoreFailed,
        fmt::format("The store in {} cannot grow above {} bytes while a snapshot is open.", directory, size),
        "Try again; this is a defect when it happens often.");
  return base::Error(ErrorCode::kStoreFailed,
                     fmt::format("The store in {} has reached its limit of {} bytes.", directory, size),
                     "Raise the limit, or delete what is not needed.");
}

int LmdbStore::try_write(std::span<Request> batch) {
  if (environment_->handle() == nullptr) return MDB_PANIC;
  lmdb::Transaction transaction;
  if (const int code = transaction.begin(environment_->handle(), 0); code != 0) return code;
  batch_->start(transaction.get(), environment_->table());
  for (auto& request : batch) {
    if (!request.is_valid) continue;
    if (const int code = batch_->apply(request.commit, request.result); code != 0) return code;
  }
  if (!batch_->is_changed()) return 0;
  const int code = transaction.commit();
  if (code == 0) transactions_.fetch_add(1, std::memory_order_relaxed);
  return code;
}

bool LmdbStore::recover(int code, bool is_first_time) {
  if (code == MDB_MAP_FULL) return grow(settings_.grow_patience);
  return code == MDB_PANIC && is_first_time && reopen();
}

void LmdbStore::heal() {
  lmdb::Transaction probe;
  if (environment_->handle() != nullptr && probe.begin(environment_->handle(), MDB_RDONLY) != MDB_PANIC) return;
  reopen();
}

bool LmdbStore::grow(std::chrono::milliseconds patience) {
  if (!gate_->close(patience)) return false;
  const auto grown = environment_->grow();
  gate_->open();
  return grown.value_or(false);
}

void LmdbStore::grow_early() {
  const auto map = environment_->figures();
  if (map.map_bytes < settings_.max_map_bytes && map.used_bytes > map.map_bytes / 100 * kGrowAtPercent)
    grow(kEarlyGrowPatience);
}

bool LmdbStore::reopen() {
  if (!gate_->close(settings_.grow_patience)) return false;
  const auto opened = environment_->reopen();
  gate_->open();
  return opened.has_value();
}

void LmdbStore::check_readers() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_reader_check_) return;
  next_reader_check_ = now + settings_.reader_check_interval;
  stale_readers_.fetch_add(static_cast<std::uint64_t>(environment_->check_readers()), std::memory_order_relaxed);
}

}  // namespace toolrack::store
