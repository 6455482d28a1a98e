/// A read transaction as a Snapshot.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "store/lmdb/environment.hpp"
#include "store/lmdb/reader_gate.hpp"
#include "store/store.hpp"

namespace toolrack::store::lmdb {

/// Holds a place in the gate while its transaction lives. A reader pins every page that is replaced meanwhile, so one
/// older than `max_age` ends itself: its calls fail with kUnavailable from then on.
class LmdbSnapshot final : public Snapshot {
 public:
  static base::Result<std::unique_ptr<Snapshot>> begin(Environment& environment, ReaderGate& gate,
                                                       std::chrono::milliseconds max_age);
  ~LmdbSnapshot() override;

  base::Result<std::optional<Document>> get(std::string_view collection, std::string_view key) override;
  base::Result<void> scan(std::string_view collection, std::string_view prefix, std::string_view first, Order order,
                          const std::function<bool(std::string_view key, const Document&)>& visit) override;

 private:
  LmdbSnapshot(Environment& environment, ReaderGate& gate, std::chrono::milliseconds max_age)
      : table_(environment.table()), gate_(gate), max_age_(max_age) {}
  base::Result<void> check_age();
  void end() noexcept;

  const MDB_dbi table_;
  ReaderGate& gate_;
  const std::chrono::milliseconds max_age_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Transaction transaction_;
};

}  // namespace toolrack::store::lmdb
