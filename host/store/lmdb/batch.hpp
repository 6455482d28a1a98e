/// Applies commits inside one write transaction, each as a whole or not at all.
///
/// A commit is worked out first, against the transaction and its own earlier operations, and written only when nothing
/// refuses it; so a refused commit leaves nothing behind and needs no nested transaction.
/// Threads: the writer's.
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/store.hpp"

namespace toolrack::store::lmdb {

class Batch {
 public:
  /// For one transaction after the other; keeps its memory in between.
  void start(MDB_txn* transaction, MDB_dbi table) noexcept {
    transaction_ = transaction;
    table_ = table;
    is_changed_ = false;
  }

  /// Zero, and what became of the commit in `result`; or LMDB's error, then the whole transaction must be aborted.
  int apply(const Commit& commit, base::Result<Receipt>& result);
  bool is_changed() const noexcept { return is_changed_; }

 private:
  /// What a key holds after the operations so far.
  struct Slot {
    std::string key;
    bool exists = false;
    bool is_touched = false;
    std::uint64_t version = 0;
    std::string_view json;  ///< In the commit or in the map; not set for counters that were added to.
    std::optional<std::int64_t> counter;
    std::optional<base::Error> damage;  ///< It exists, but cannot be read.
  };
  /// What one operation comes to.
  struct Step {
    Refusal refusal = Refusal::kNone;
    std::optional<base::Error> error;
  };

  Step plan(Slot& slot, const Put& put);
  Step plan(Slot& slot, const PutIfAbsent& put);
  Step plan(Slot& slot, const Delete& remove);
  Step plan(Slot& slot, const ExpectVersion& expect);
  Step plan(Slot& slot, const AddI64& add);
  /// The slot of a key, read from the transaction at first sight; null when that failed with `code`.
  Slot* slot(std::string_view collection, std::string_view key, int& code);
  int write();

  MDB_txn* transaction_ = nullptr;
  MDB_dbi table_ = 0;
  bool is_changed_ = false;
  std::deque<Slot> slots_;                             ///< Of the commit at hand; addresses stay.
  std::unordered_map<std::string_view, Slot*> index_;  ///< Only of commits with many operations.
  std::vector<std::int64_t> counters_;
};

}  // namespace toolrack::store::lmdb
