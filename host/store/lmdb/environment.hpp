/// The LMDB environment of one directory: opened, grown, opened again after a fault.
///
/// Threads: the store's writer only, except `handle`, `table` and `figures` while the reader gate is held.
#pragma once

#include <lmdb.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::store::lmdb {

/// kStoreFailed (kUnavailable when only the reader table is full): "<doing>: <what LMDB or the system says>".
base::Error to_error(int code, std::string_view doing);
/// Of opening the store in `directory`: with what to do when it is damaged.
base::Error open_error(int code, const std::filesystem::path& directory);

struct EnvironmentSettings {
  std::size_t initial_map_bytes = 0;
  std::size_t max_map_bytes = 0;
  unsigned max_readers = 0;
};

class Environment {
 public:
  /// Creates what is missing. Refused while the same directory is open elsewhere, in this process or another: LMDB's
  /// own locks do not survive being opened twice.
  static base::Result<std::unique_ptr<Environment>> open(const std::filesystem::path& directory,
                                                         EnvironmentSettings settings);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Null after a `reopen` that failed; it may be tried again.
  MDB_env* handle() const noexcept { return env_; }
  MDB_dbi table() const noexcept { return table_; }
  const std::filesystem::path& directory() const noexcept { return directory_; }

  struct Figures {
    std::size_t map_bytes = 0;
    std::size_t used_bytes = 0;  ///< Up to the last page that was ever used.
  };
  Figures figures() const noexcept;

  /// Doubles the map; false at the limit. No transaction may be live in this process.
  base::Result<bool> grow();
  /// Closes and opens again, after an error that LMDB calls fatal. No transaction may be live in this process.
  base::Result<void> reopen();
  /// Frees the places of readers that died in other processes; how many there were.
  int check_readers() noexcept;

 private:
  Environment(std::filesystem::path directory, EnvironmentSettings settings, int lock)
      : directory_(std::move(directory)), settings_(settings), lock_(lock) {}
  base::Result<void> start();
  void stop() noexcept;

  const std::filesystem::path directory_;
  const EnvironmentSettings settings_;
  const int lock_;  ///< Descriptor of the directory, flock'd.
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
};

/// A transaction that is aborted unless committed.
class Transaction {
 public:
  Transaction() = default;
  ~Transaction() { abort(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  int begin(MDB_env* env, unsigned flags) noexcept { return mdb_txn_begin(env, nullptr, flags, &txn_); }
  /// LMDB frees it whatever comes back.
  int commit() noexcept { return mdb_txn_commit(std::exchange(txn_, nullptr)); }
  void abort() noexcept {
    if (txn_ != nullptr) mdb_txn_abort(std::exchange(txn_, nullptr));
  }
  MDB_txn* get() const noexcept { return txn_; }

 private:
  MDB_txn* txn_ = nullptr;
};

inline MDB_val to_val(std::string_view bytes) noexcept { return {bytes.size(), const_cast<char*>(bytes.data())}; }
inline std::string_view view(const MDB_val& val) noexcept {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

}  // namespace toolrack::store::lmdb
