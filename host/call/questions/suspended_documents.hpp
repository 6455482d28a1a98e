/// Suspended calls in the store, so that they outlive the process.
///
/// Collections: `suspended_calls` (whose a call is, by the hex of its id) and `suspended_records` (what it did until
/// its question, sealed, in pieces that a document can hold). The key of the seal is in the state that the client has,
/// and nowhere here: who reads the store, or a copy of it, learns nothing of what skills were answered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "call/questions/suspended_call.hpp"
#include "store/store.hpp"

namespace toolrack::call {

/// What is readable of one.
struct SuspendedHead {
  SuspendedCall::Id id{};
  base::Sha256 binding{};
  std::string account;
  std::int64_t expires_ns = 0;  ///< Unix.
  std::uint32_t pieces = 0;     ///< Of the record.
  /// It runs on, and its skill is none that may be repeated: a process that finds this does not know what it has done.
  bool is_running = false;
};

void put_head(store::Commit& commit, const SuspendedHead& head);
/// `sealed` is ASCII, and `head.pieces` set by this.
void put_suspended(store::Commit& commit, SuspendedHead& head, std::string_view sealed);
void delete_suspended(store::Commit& commit, const SuspendedHead& head);

struct LeftSuspended {
  SuspendedHead head;
  std::string sealed;  ///< Empty: it is not all there.
};
/// All that there are; what cannot be read is deleted by `commit`.
base::Result<std::vector<LeftSuspended>> read_suspended(store::Store& store, store::Commit& commit);

}  // namespace toolrack::call
