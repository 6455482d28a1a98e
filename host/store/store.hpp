/// Documents that survive: collections of JSON documents under ordered keys, snapshot reads, and commits as values.
///
/// A commit is a list of operations that is applied as a whole or refused as a whole. Many commits share one
/// transaction of the backend and are accepted or refused one by one; nobody but the backend ever holds a write
/// transaction. Accepted means durable: when `done` says so, the commit survives kill -9 and a power cut. Threads:
/// every function from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace toolrack::store {

/// A document as it stands in the store. `version` is 1 when it is first put and grows by one with each change.
struct Document {
  std::string json;  ///< Canonical form (base::json::canonical); a counter's document is a bare integer.
  std::uint64_t version = 0;
};

struct Put {
  std::string collection, key, json;
};
/// Refused with kExists when the key is there.
struct PutIfAbsent {
  std::string collection, key, json;
};
/// No error when the key is not there.
struct Delete {
  std::string collection, key;
};
/// Changes nothing; refused with kVersion unless the document's version is this one (0: it is not there).
struct ExpectVersion {
  std::string collection, key;
  std::uint64_t version = 0;
};
/// Adds to a counter (absent counts as 0); refused with kFloor when the sum would fall below `floor` or overflow.
struct AddI64 {
  std::string collection, key;
  std::int64_t delta = 0;
  std::optional<std::int64_t> floor;
};

using Operation = std::variant<Put, PutIfAbsent, Delete, ExpectVersion, AddI64>;
using Commit = std::vector<Operation>;

enum class Refusal : std::uint8_t { kNone, kExists, kVersion, kFloor };

/// What became of a commit that reached the store. A commit that could not be written at all is an Error
/// (kStoreFailed).
struct Receipt {
  Refusal refusal = Refusal::kNone;
  std::size_t operation = 0;           ///< Which operation refused.
  std::vector<std::int64_t> counters;  ///< The new value of each AddI64, in order, when accepted.
  bool accepted() const noexcept { return refusal == Refusal::kNone; }
};

using Done = std::function<void(base::Result<Receipt>)>;

/// A consistent view. Short-lived (≤ 100 ms), used by one thread, never held across a suspension.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual base::Result<std::optional<Document>> get(std::string_view collection, std::string_view key) = 0;
  /// Visits keys with `prefix` in byte order from `first` on (all when empty); backwards, from the last one that is not
  /// above `first`; stops when `visit` returns false.
  enum class Order : std::uint8_t { kForward, kBackward };
  virtual base::Result<void> scan(std::string_view collection, std::string_view prefix, std::string_view first,
                                  Order order,
                                  const std::function<bool(std::string_view key, const Document&)>& visit) = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  /// Hands the commit over and returns; `done` runs once, on the store's thread: keep it short, post elsewhere.
  /// Collections are `[a-z_]{1,32}`, keys 1–255 bytes, documents ≤ 1 MiB; others are an Error of kInvalidRequest, and
  /// so is AddI64 on a document that is no integer. kUnavailable when too many commits wait already.
  virtual void submit(Commit commit, Done done) = 0;
  virtual base::Result<std::unique_ptr<Snapshot>> snapshot() = 0;

  /// `submit` and wait; not on a loop's thread once serving.
  base::Result<Receipt> commit(Commit commit);
  /// One document of a snapshot taken now.
  base::Result<std::optional<Document>> get(std::string_view collection, std::string_view key);
};

}  // namespace toolrack::store
