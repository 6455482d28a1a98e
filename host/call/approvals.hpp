/// Calls that a person has to agree to, each by itself (a skill's `"approval": "human"`).
///
/// Such a call is refused the first time, and noted down: who wants to run what, with which input. When somebody who
/// may (the scope approvals:write) has approved it, the same call of the same account runs once. The same means: the
/// same tool, version, skill and input, whoever of the account sends it. An approval that is not used goes after a
/// while.
///
/// Collection `approvals`, by "<account>/<id>". Threads: every function from any thread; they wait for the store: never
/// on a loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "registry/tool.hpp"
#include "store/store.hpp"

namespace toolrack::call {

/// What is to be approved, or was.
struct Approval {
  enum class Status : std::uint8_t { kPending, kApproved, kRejected };
  std::string id, account;
  std::string tool, version, skill;  ///< `tool` is owner/slug.
  std::string input_json;            ///< Canonical; what the person sees.
  base::Money price;                 ///< The most that the call may cost.
  std::string asked_by, decided_by;  ///< Ids of keys; empty: nobody's key (local mode), or not decided.
  std::int64_t asked_ns = 0, decided_ns = 0, expires_ns = 0;  ///< Unix; 0: not yet.
  Status status = Status::kPending;
};
std::string_view to_string(Approval::Status status) noexcept;
bool is_approval_id(std::string_view text) noexcept;
/// The members that everybody sees, inside an object that is open.
void write_members(base::json::Writer& writer, const Approval& approval);

class Approvals {
 public:
  /// A question is open, and an approval good, for so long.
  static constexpr std::chrono::seconds kLifetime = std::chrono::minutes(15);
  /// Of an account, at most.
  static constexpr std::size_t kMostOpen = 100;
  /// A person cannot judge more, nor can it be kept.
  static constexpr std::size_t kMostInputBytes = 256 << 10;

  /// Both outlive it.
  Approvals(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  /// A call that wants to run.
  struct Wish {
    std::string_view account, key_id;
    const registry::Skill* skill = nullptr;
    std::string_view input_json;  ///< Canonical.
    base::Money price;
  };
  /// Was it approved? Else it is noted down and refused with kApprovalRequired, whose details have `approval_id`; one
  /// that was rejected with the same code, named approval_rejected. An approval stays until `use`.
  base::Result<void> ask(const Wish& wish);
  /// It runs now: takes the approval, so that it is good for one call. Refused like `ask` when somebody else has it.
  base::Result<void> use(const Wish& wish);

  /// kKeyNotFound, named approval_not_found; also for one that has expired or is another account's.
  base::Result<Approval> find(std::string_view account, std::string_view id);
  /// Those that have not expired, the oldest question first.
  base::Result<std::vector<Approval>> list(std::string_view account);
  /// Approves (for kLifetime from now on) or rejects. One that was decided already is kConflict.
  base::Result<Approval> decide(std::string_view account, std::string_view id, bool approves, std::string_view key_id);

  /// Forgets what has expired; returns how many.
  base::Result<std::size_t> sweep();

 private:
  struct Kept {
    Approval approval;
    std::uint64_t version = 0;
  };
  /// Null when there is none, or it has expired.
  base::Result<std::optional<Kept>> read(std::string_view account, std::string_view id);
  base::Error required(const Approval& approval) const;

  store::Store& store_;
  const base::Clock& clock_;
};

}  // namespace toolrack::call
