/// A call that waits for answers while nothing of it runs: what it asked of its host until its question, and what was
/// told (docs/questions.md).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "call/call.hpp"
#include "call/questions/asking.hpp"
#include "call/questions/steps.hpp"
#include "registry/questions.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::call {

/// Of the whole record of a call, its questions included.
inline constexpr std::size_t kMaxSuspendedBytes = 1 << 20;

struct SuspendedCall {
  using Id = std::array<char, 16>;
  Id id{};  ///< By the table that it is in, or was taken out of; zeros: it was in none yet.
  /// What the next request must be the same in: account, key, method, tool, skill and input.
  base::Sha256 binding{};
  std::string account;
  std::string call_id;      ///< Of the first request, and of all that follow.
  std::string tool, skill;  ///< "owner/slug@version": a call stays on it.
  std::uint32_t run = 0;    ///< How often it has run.
  std::uint32_t kinds = 0;  ///< What it was told that its caller can be asked: the same in every run.
  std::string backend;      ///< The one that served it; empty: it has none.
  std::uint32_t attempt = 0;
  struct Attempt {
    std::string backend, error, message;
    std::int64_t took_ns = 0;
  };
  std::vector<Attempt> attempts;  ///< That failed before that.
  std::vector<services::recorder::Operation> operations;
  std::vector<registry::Question> open;
  Steps steps;
  // What its skill has called until now.
  NestedUse nested;
  base::Money nested_committed;
  std::uint64_t nested_started = 0;

  std::size_t bytes() const noexcept;
};

/// The questions service under which a record keeps what was asked and answered.
inline constexpr std::string_view kAskService = "ask";

/// Puts answers, in MCP's words and by key, into the record; what answers nothing that is open is left alone.
/// kInvalidRequest ("invalid_answer") names the first that cannot be used, and nothing has changed then.
base::Result<void> take_answers(SuspendedCall& call, const base::json::Value& answers);

/// What was asked and answered, out of a record.
std::vector<KeptAnswer> answers_in(const std::vector<services::recorder::Operation>& operations);

/// All of it but id, binding and account, as bytes for a place that outlives the process, and back. kStoreFailed when
/// they are none that `to_bytes` made.
std::string to_bytes(const SuspendedCall& call);
base::Result<SuspendedCall> suspended_call_from(std::string_view bytes);

}  // namespace toolrack::call
