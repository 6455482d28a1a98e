/// What every store accepts, whatever stands behind it; checked before a commit is queued.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::store {

inline constexpr std::size_t kMaxCollection = 32;
inline constexpr std::size_t kMaxKey = 255;
inline constexpr std::size_t kMaxDocument = 1 << 20;
inline constexpr std::size_t kMaxOperations = 20'000;

/// kInvalidRequest naming the collection unless it is `[a-z_]{1,32}`.
base::Result<void> check_collection(std::string_view collection);
/// The same, and the key of 1–255 bytes.
base::Result<void> check_name(std::string_view collection, std::string_view key);
/// Every operation's names and sizes; kInvalidRequest names the first that is wrong. Documents are not parsed: who puts
/// one made it with base/json.
base::Result<void> check_commit(const Commit& commit);
/// Bytes of keys and documents: what a commit weighs in a queue.
std::size_t weight(const Commit& commit) noexcept;

}  // namespace toolrack::store
