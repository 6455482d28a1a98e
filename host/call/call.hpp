/// A call as transports hand it over, and what they get back. docs/life-of-a-call.md tells the way between.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/limits.hpp"
#include "accounts/principal.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "call/backend_preference.hpp"
#include "registry/checkpoints.hpp"
#include "registry/outcome.hpp"
#include "registry/questions.hpp"
#include "registry/tool.hpp"
#include "store/store.hpp"

namespace toolrack::call {

struct Asking;
struct Nesting;
struct Suspension;

/// Whether a call is a job: it is answered with the job's id, and goes on without its caller.
enum class JobUse : std::uint8_t {
  kNever,
  kIfLong,  ///< Where the manifest says that the skill takes long.
  kAlways,
  kIsOne,  ///< It is one already: its sink is the job's.
};

/// What the earlier runs of a job leave to the next one.
struct Resumption {
  std::uint32_t run = 1;                           ///< How many there were.
  std::optional<registry::Checkpoint> checkpoint;  ///< Empty: it begins at its beginning.
};

/// Whether an answer that was given before will do. Only skills with a `cache_ttl` have such answers.
enum class CacheUse : std::uint8_t {
  kOn,
  kRefresh,  ///< The skill runs, and its answer replaces the one that is kept.
  kOff,      ///< The skill runs, and nothing is kept.
};

/// What an answer holds itself, for a caller who reads it as blocks of content; larger things are linked to.
struct ContentLimits {
  std::uint64_t media_bytes = 256 << 10;  ///< Of an image or a recording that the skill made.
  std::uint64_t text_bytes = 1 << 20;     ///< Of the output; 0: any.
};

/// Everything is borrowed: views and pointers must hold until `CallPath::start` has returned. What must live longer,
/// the path copies.
struct CallRequest {
  const accounts::PrincipalRef* principal = nullptr;  ///< From identify; never null.

  /// What `tool` and `skill` name. Others than skills are free, and know no job, dry run, backend or confirmation.
  registry::Kind kind = registry::Kind::kSkill;
  std::string_view
      tool;  ///< Slug, owner/slug, alias, each with an optional @version; or a flat name when `skill` is empty.
  /// A resource, to read or to subscribe to: its URI, and `tool` is empty or says whose. A prompt: its flat name, or
  /// its own with `tool`. A completion: as a prompt, or the text of a URI template; `input` is MCP's params, with
  /// `argument`. A list: the plugin's cursor or nothing, and `tool` says whose.
  std::string_view skill;
  std::string_view input_json;               ///< The input as it was written; empty means {}.
  const base::json::Value* input = nullptr;  ///< The same, parsed; null when `input_json` is empty.

  bool dry_run = false;                              ///< Explain, do not run.
  bool confirmed = false;                            ///< The person agreed to a skill that asks for it.
  std::optional<base::Money> max_price;              ///< Refuse when the worst price is above it.
  std::int64_t timeout_ms = 0;                       ///< 0: the skill's own; a longer one than that is cut to it.
  std::shared_ptr<const BackendPreference> backend;  ///< Null: no wishes.
  CacheUse cache = CacheUse::kOn;

  std::string_view request_id;  ///< Shown in every answer, log and record.
  std::string_view transport;   ///< "rest", "mcp", "stdio", "cli": a constant.
  std::string_view client;      ///< name/version as the client gives it; for display only.
  std::string_view locale, traceparent, meta_json;
  const registry::ProviderKeysRef* provider_keys = nullptr;  ///< The caller's own, for this call; null: none.
  std::int64_t received_ns = 0;                              ///< Monotonic; 0: now.
  bool wants_progress = false, wants_partials = false;
  std::uint8_t log_level = registry::kNoCallerLog;  ///< The sink wants the skill's lines of that level and above.
  const ContentLimits* content = nullptr;           ///< Outlives the call. Null: the output is all that is wanted.
  bool streams = false;                             ///< The caller wants them as events; for the transport to do.
  JobUse job = JobUse::kNever;                      ///< Others than kNever: the sink knows `accepted`.
  std::string_view webhook;  ///< The URL that hears of the job's end; only of a job. Empty: none.
  /// Of a job that goes on after a restart; null: the call begins. What admits a call was asked then: rates, class
  /// limits, confirmation and approval are not asked again.
  std::shared_ptr<const Resumption> resumption;
  /// What the caller can be asked, and what it answers (questions/asking.hpp); null: it cannot be asked anything.
  const Asking* asking = nullptr;
  /// Of a call that a skill makes; null: somebody outside calls. Lives until `done` has been called.
  const Nesting* nesting = nullptr;
};

/// What is charged of the raw cost when the platform's credential pays the provider, and when the caller's own does.
inline constexpr std::int64_t kPlatformPercent = 105, kByokPercent = 5;

/// Where the time went, for Server-Timing and the histograms.
struct Timings {
  std::int64_t validate_ns = 0, run_ns = 0, settle_ns = 0, total_ns = 0;
};

/// Who made the answer of a skill whose answers may be given again.
enum class ServedBy : std::uint8_t {
  kUncached,  ///< The skill's answers are not kept, or this call wanted nothing of it.
  kSkill,
  kRefresh,  ///< The skill, because the caller wanted no older answer.
  kCache,
  kLeader,  ///< The same call of somebody else, which was running already.
};

/// What Cache-Status tells (RFC 9211).
struct CacheNote {
  ServedBy use = ServedBy::kUncached;
  bool is_stored = false;
  std::int64_t ttl_ns = 0;  ///< How long the answer is good; 0: it is not kept.

  bool is_cached() const noexcept { return use == ServedBy::kCache || use == ServedBy::kLeader; }
};

/// What the calls came to that a call's skill made (nested_calls.hpp).
struct NestedUse {
  struct Call {
    std::string request_id, tool, version, skill;
    std::string error;  ///< Empty: success.
    base::Money cost;   ///< With what it called itself.
  };
  base::Money cost;         ///< Of all of them.
  std::size_t count = 0;    ///< All of them.
  std::vector<Call> calls;  ///< The first hundred.
};

/// A backend that did not serve the call.
struct FailedAttempt {
  std::string_view backend;  ///< Its slug.
  std::string error;         ///< The error's name: "provider_unavailable".
  std::string message;
  std::int64_t took_ns = 0;  ///< 0: it was not asked.
};

/// What a call came to. Handed to the sink by reference; it is gone when `done` returns, so format or move.
struct CallOutcome {
  std::string_view request_id;
  const registry::Skill* skill = nullptr;  ///< Null when the call did not get that far.
  registry::Outcome result;                ///< `result.error` tells success from failure.
  /// Of a request with `content`: the files that the output names, small images and recordings themselves, others as
  /// links; and the whole output as a link when it is longer than the text may be.
  std::vector<registry::Part> files;
  std::optional<registry::Part> whole_output;
  std::string explanation_json;  ///< The answer of a dry run; then nothing ran.
  base::Money raw_cost, cost;
  std::int64_t markup_percent = kPlatformPercent;  ///< kByokPercent when the caller's own credential paid.
  std::optional<base::Money> credits_remaining;    ///< Empty: the account has no ledger (local mode).
  std::optional<bool> billed;
  std::string_view backend;             ///< Slug of the provider that served it, or that was asked last; or empty.
  std::vector<FailedAttempt> attempts;  ///< Those before it, and it too when it failed.
  std::optional<accounts::LimitState> limit;
  CacheNote cache;
  Timings timings;
  bool has_run = false;  ///< The handler was asked.
  store::Commit charge;  ///< Of a job: what is to be written in the commit of its end, and nowhere else.
  /// Not null: no outcome. The skill has asked something, and the caller is to come again with the answers; nothing was
  /// charged or recorded.
  const Suspension* suspended = nullptr;
  const NestedUse* nested = nullptr;  ///< Null: the skill called no other. Its costs are not among those above.

  bool ok() const noexcept { return !result.error.has_value(); }
  /// What the caller's account is charged for all of it.
  base::Money total_cost() const noexcept { return nested == nullptr ? cost : cost + nested->cost; }
  /// Empty: not known.
  std::optional<bool> is_charged() const noexcept {
    if (nested != nullptr && nested->cost > base::Money()) return true;
    return billed;
  }
};

/// What a call has become that goes on without its caller.
struct AcceptedJob {
  std::string_view id;
  std::int64_t created_unix_ns = 0;
  std::int64_t keep_ns = 0;  ///< So long it is kept after its end.
};

/// Receives a call's outcome; called on the loop that started the call.
class CallSink {
 public:
  /// Exactly once, perhaps before `CallPath::start` has returned; not after `accepted`.
  virtual void done(CallOutcome& outcome) noexcept = 0;
  /// The call goes on as a job, and this sink hears no more of it: answer with the job's id.
  virtual void accepted(const AcceptedJob& job) noexcept { static_cast<void>(job); }
  virtual void progress(double, double, std::string_view) noexcept {}
  /// Of a request whose `asking` says that it waits: the caller is to be asked, and `answered` called once on this
  /// loop, never from inside this function; not after `done`. kUnimplemented: it cannot be asked.
  using Answered = std::function<void(base::Result<registry::Asked>)>;
  virtual void ask(registry::Question question, Answered answered) noexcept {
    static_cast<void>(question), static_cast<void>(answered);
  }
  /// False: nobody listens.
  virtual bool partial(registry::Part) noexcept { return false; }
  /// A line of the tool `logger`; `fields_json` is unchecked, or empty.
  virtual void log(std::uint8_t level, std::string_view logger, std::string_view text, std::string_view fields_json) {
    static_cast<void>(level), static_cast<void>(logger), static_cast<void>(text), static_cast<void>(fields_json);
  }
  /// Of a job: as registry::Checkpoints::keep. `backend`: the slug of the one that serves it, or empty.
  virtual void keep(registry::Checkpoint checkpoint, std::string_view backend, registry::Checkpoints::Kept kept) {
    static_cast<void>(checkpoint), static_cast<void>(backend), static_cast<void>(kept);
  }

 protected:
  ~CallSink() = default;
};

}  // namespace toolrack::call
