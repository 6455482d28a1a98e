/// The embedded store: documents in LMDB, written by one thread.
///
/// The writer takes everything that is queued into one transaction, syncs it, then answers. While it syncs, the next
/// batch gathers: that is the only delay, and 64 submitters share one fdatasync.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "store/store.hpp"

namespace toolrack::store {

namespace lmdb {
class Batch;
class Environment;
class ReaderGate;
}  // namespace lmdb

struct LmdbSettings {
  std::size_t initial_map_bytes = std::size_t{1} << 30;  ///< Address space, not memory; doubles as it fills.
  std::size_t max_map_bytes = std::size_t{1} << 36;      ///< The largest the store may become.
  unsigned max_snapshots = 256;
  std::chrono::milliseconds max_snapshot_age{10'000};
  std::size_t max_queued_commits = 65'536;  ///< Beyond it commits are refused with kUnavailable.
  std::chrono::milliseconds reader_check_interval{10'000};
  std::chrono::milliseconds grow_patience{1'000};  ///< How long a full store waits for open snapshots.
};

class LmdbStore final : public Store {
 public:
  /// The version of the documents' layout that this program writes.
  static constexpr std::int64_t kSchemaVersion = 1;

  /// Opens `directory`, which exists, or makes a new store in it. kStoreFailed says what is wrong with it: in use,
  /// damaged, or written by a newer program.
  static base::Result<std::unique_ptr<LmdbStore>> open(const std::filesystem::path& directory,
                                                       const LmdbSettings& settings = {});
  /// Which version of the layout the store in `directory` has; nothing: there is none yet. Errors as of `open`, but for
  /// "in use": it only looks, makes and locks nothing, so what an owner writes meanwhile may look like damage.
  static base::Result<std::optional<std::int64_t>> look(const std::filesystem::path& directory);
  /// Writes what is queued. No snapshot may be left.
  ~LmdbStore() override;

  void submit(Commit commit, Done done) override;
  base::Result<std::unique_ptr<Snapshot>> snapshot() override;

  struct Figures {
    std::uint64_t accepted = 0, refused = 0, failed = 0;  ///< Commits.
    std::uint64_t transactions = 0;                       ///< Synced ones.
    std::uint64_t stale_readers = 0;                      ///< Places freed after readers that died.
    std::size_t map_bytes = 0, used_bytes = 0, snapshots = 0;
  };
  /// For metrics; any thread.
  Figures figures() const;

 private:
  struct Request;
  LmdbStore(std::unique_ptr<lmdb::Environment> environment, const LmdbSettings& settings);
  void run();
  /// Writes the commits and sets their results; `done` runs later.
  void write(std::span<Request> batch);
  int try_write(std::span<Request> batch);
  base::Error write_error(int code) const;
  /// Can the batch that failed with `code` be tried once more?
  bool recover(int code, bool is_first_time);
  /// LMDB refuses everything, reading too, after it failed to write its head page (a disk error); what is on the disk
  /// is sound, so opening again is enough. Tried again with the next batch when it does not succeed.
  void heal();
  bool grow(std::chrono::milliseconds patience);
  void grow_early();
  bool reopen();
  void check_readers();

  const LmdbSettings settings_;
  const std::unique_ptr<lmdb::Environment> environment_;
  const std::unique_ptr<lmdb::ReaderGate> gate_;
  const std::unique_ptr<lmdb::Batch> batch_;                 // The writer's.
  std::chrono::steady_clock::time_point next_reader_check_;  // The writer's.

  base::Mutex mutex_;
  std::condition_variable wake_;
  std::vector<Request> queue_ TR_GUARDED_BY(mutex_);
  bool stopping_ TR_GUARDED_BY(mutex_) = false;

  std::atomic<std::uint64_t> accepted_{0}, refused_{0}, failed_{0}, transactions_{0}, stale_readers_{0};
  std::thread writer_;
};

}  // namespace toolrack::store
