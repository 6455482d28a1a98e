/// The document in collection "meta" that says how the others are laid out.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace toolrack::store::lmdb {

class Environment;

/// Writes `version` into a new store; refuses one of a newer program with kStoreFailed naming both numbers.
base::Result<void> check_schema(Environment& environment, std::int64_t version);

}  // namespace toolrack::store::lmdb
