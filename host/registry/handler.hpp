/// The interface that every source of tools implements and the call path uses.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/loop.hpp"
#include "registry/outcome.hpp"
#include "registry/provider_keys.hpp"

namespace toolrack::services::recorder {
class Recording;
}

namespace toolrack::registry {

class Asker;
class Caller;
class Checkpoints;
class Once;
struct Checkpoint;
struct Skill;

/// What a handler is asked for; numbers as TR_SKILL ... in abi.h.
enum class Kind : std::uint8_t {
  kSkill = 1,
  kResource,
  kPrompt,
  kCompletion,
  kSubscribe,
  kUnsubscribe,
  kListSkills = 16,
  kListResources,
  kListTemplates,
  kListPrompts
};

/// The backend that the call path chose for an attempt.
struct Backend {
  std::string_view provider, base_url, credential, options_json;
  bool byok = false, last = true;
};

/// Above every level: the caller wants no lines.
inline constexpr std::uint8_t kNoCallerLog = 8;

/// One attempt at one skill. Owned by the call path; it and all it points to stay until `Completion::complete` has
/// returned.
struct Invocation {
  const Skill* skill = nullptr;  ///< With its kind.
  std::string_view name;         ///< The skill's; a resource's URI; the prompt's or the URI template that is completed;
                                 ///< a list's cursor, or empty.
  std::string_view input_json;   ///< An object that satisfies the skill's input schema.
  std::string_view call_id;      ///< The same in every attempt and run.
  std::string_view account;      ///< Stable pseudonym.
  std::string_view transport, client, locale, traceparent, meta_json;
  std::int64_t deadline_ns = 0;  ///< Monotonic; 0: none.
  std::uint32_t attempt = 0;     ///< Counts backends, from 0.
  /// Above 0: earlier runs were suspended by questions, or, of a job, cut off by restarts.
  std::uint32_t run = 0;
  const Backend* backend = nullptr;                ///< Null when the skill has no providers.
  const ProviderKeysRef* provider_keys = nullptr;  ///< Null: the caller sent none.
  base::Loop* loop = nullptr;                      ///< The call's home: `invoke`, `cancel` and `complete` happen there.
  bool wants_progress = false, wants_partials = false;
  /// The skill's own lines of at least that level (RFC 5424, 0: debug) are wanted by the caller; kNoCallerLog: none.
  std::uint8_t caller_log_level = kNoCallerLog;
  /// What the call asks of its host goes there, or is answered from there. Outlives the call; null: nothing is
  /// recorded.
  services::recorder::Recording* recording = nullptr;
  /// How the skill asks the person or model behind its caller (questions.hpp), and what it may ask; null: nothing.
  Asker* asker = nullptr;
  std::uint32_t can_ask = 0;
  Once* once = nullptr;      ///< Steps that happen once over all runs and attempts (once.hpp); null: none are kept.
  Caller* caller = nullptr;  ///< How the skill calls others (caller.hpp); null: it cannot.
  /// The call is a job: it outlives its request, and goes on after a restart if its skill may.
  bool is_job = false;
  /// Of a job: where the skill keeps how far it has come (checkpoints.hpp). Null: the call is none.
  Checkpoints* checkpoints = nullptr;
  /// What an earlier run of the job kept last; null: nothing, so the skill begins at its beginning.
  const Checkpoint* checkpoint = nullptr;
  /// Of a call that a skill makes: how many calls stand above it. What waits in place at one depth must not keep those
  /// below it from running.
  std::uint32_t depth = 0;
  /// False: calls above it hold places that others may wait for, so this one takes a free place of its tool, or none.
  bool may_wait_for_place = true;
};

/// How a handler answers. Implemented by the call path; called on the invocation's loop.
class Completion {
 public:
  /// Exactly once for each invoke, perhaps before `invoke` has returned. The invocation is gone afterwards. What is not
  /// moved out of `outcome` is released by the source; whoever may have the source destroyed moves it out first.
  virtual void complete(Outcome&& outcome) noexcept = 0;
  /// `total` ≤ 0: not known.
  virtual void progress(double done, double total, std::string_view note) noexcept = 0;
  /// False: nobody listens, stop sending.
  virtual bool partial(Part part) noexcept = 0;
  /// A line that the skill wrote, of a level that the invocation wants. `fields_json`: an object from outside, or
  /// empty.
  virtual void log(std::uint8_t level, std::string_view text, std::string_view fields_json) noexcept {
    static_cast<void>(level), static_cast<void>(text), static_cast<void>(fields_json);
  }

 protected:
  ~Completion() = default;
};

class Handler {
 public:
  virtual ~Handler() = default;
  /// Starts the attempt and returns a ticket for `cancel` (0 when it has completed already).
  virtual std::uint64_t invoke(const Invocation& invocation, Completion& completion) = 0;
  /// A hint that the answer is not wanted any more; `complete` still comes, soon. Stale tickets are ignored.
  virtual void cancel(std::uint64_t ticket) = 0;
};

}  // namespace toolrack::registry
