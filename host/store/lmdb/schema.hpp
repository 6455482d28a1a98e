/// The document in collection "meta" that says how the others are laid out.
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/result.hpp"

namespace toolrack::store::lmdb {

class Environment;

/// The version of the store that `transaction` reads, which is in `directory`; nothing: it is new. kStoreFailed naming
/// both numbers when it is above `newest`.
base::Result<std::optional<std::int64_t>> read_schema(MDB_txn* transaction, MDB_dbi table,
                                                      const std::filesystem::path& directory, std::int64_t newest);

/// Writes `version` into a new store; refuses one of a newer program with kStoreFailed naming both numbers.
base::Result<void> check_schema(Environment& environment, std::int64_t version);

}  // namespace toolrack::store::lmdb
