/// One call on its way through the stages. Internal to call/.
///
/// Owner: the loop's pool of executions, which reuses them, buffers included. Threads: the loop's only.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "call/backend_plan.hpp"
#include "call/call_path.hpp"
#include "call/file_outputs.hpp"
#include "call/job_keeper.hpp"
#include "call/response_cache.hpp"
#include "registry/caller.hpp"
#include "registry/checkpoints.hpp"
#include "registry/once.hpp"
#include "registry/tool.hpp"

namespace toolrack::call {

class CallSpan;
class NestedCalls;
class Questions;
class Steps;
struct SuspendedCall;

/// What a call that is no skill's is about.
struct Offer {
  std::string name;                                           ///< As the plugin hears it.
  std::string input_json;                                     ///< What it hears beside.
  const registry::Resource* resource = nullptr;               ///< Of a read.
  std::shared_ptr<const registry::UriTemplate> uri_template;  ///< Of the completion of one.
  const registry::Prompt* prompt = nullptr;                   ///< Of a prompt; of the completion of one.
};

class Execution final : public registry::Completion,
                        private registry::Caller,
                        private registry::Checkpoints,
                        private registry::Once {
 public:
  Execution(CallPath& path, base::Loop& loop);
  ~Execution();

  /// The whole way, as far as it goes without waiting. True when the sink has been called.
  bool start(const CallRequest& request, CallSink& sink, const std::shared_ptr<const registry::Catalogue>& catalogue);
  void cancel();

  std::uint64_t ticket() const noexcept { return ticket_; }
  /// Whom a canary is shown to: the key's id; callers without a key are one caller.
  const std::string& caller() const noexcept {
    return principal_->key_id.empty() ? principal_->account : principal_->key_id;
  }

  // registry::Completion
  void complete(registry::Outcome&& outcome) noexcept override;
  void progress(double done, double total, std::string_view note) noexcept override;
  void log(std::uint8_t level, std::string_view text, std::string_view fields_json) noexcept override;
  bool partial(registry::Part part) noexcept override;

 private:
  friend class CallPath;
  friend class NestedCalls;

  // The stages, each in the file of its name.
  base::Result<void> resolve(const registry::Catalogue& catalogue);
  base::Result<void> validate();
  // offers.cpp, for what is no skill.
  base::Result<void> resolve_offer(const registry::Catalogue& catalogue);
  base::Result<const registry::Tool*> find_resource(const registry::Catalogue& catalogue);
  base::Result<const registry::Tool*> find_prompt(const registry::Catalogue& catalogue);
  base::Result<const registry::Tool*> find_completed(const registry::Catalogue& catalogue);
  base::Result<const registry::Tool*> find_template(const registry::Catalogue& catalogue);
  base::Result<const registry::Tool*> find_lister(const registry::Catalogue& catalogue);
  base::Result<void> validate_offer();
  void deliver_offer();
  base::Result<void> admit();
  base::Result<void> route();
  void pay_with_callers_key();
  // cached.cpp, for skills whose answers may be given again.
  void name_response();
  bool may_share_composed() const noexcept;
  bool answer_from_cache();
  void landed(const ResponseCache::Landing& landing);
  void answer_with(const CachedResponseRef& response, ServedBy use);
  void borrow(const CachedResponseRef& response);
  void make_response();
  void land();
  void run();
  /// False when files have to be stored first: then it goes on with `files_stored`.
  bool deliver();
  bool deliver_files();
  void files_stored(base::Result<FileOutputs::Stored> stored);
  // large_content.cpp
  bool link_large_content();
  void large_content_kept(std::vector<registry::Part> parts, std::optional<registry::Part> output);
  void settle();
  void record();
  void tally() const noexcept;
  void log_end() const;
  void reply();

  // registry::Caller, in call_tool.cpp with what follows from it.
  std::uint64_t call_tool(const registry::NestedRequest& request, registry::NestedSink& sink) override;
  void cancel_tool(std::uint64_t ticket) override;
  base::Result<std::string> list_tools(std::string_view pattern, std::string_view cursor) override;
  /// Nothing holds the answer up that the skill has started.
  bool is_alone();
  void nested_call_ended();
  void describe_nesting();

  // rounds.cpp: questions, and the runs between them.
  /// False: not all was answered, and the call is suspended anew.
  base::Result<bool> begin_round();
  bool is_later_round() const noexcept;
  base::Result<void> stay_with_backend();
  void describe_questions();
  void describe_earlier_rounds();
  void note_divergence();
  bool is_round_noted() const noexcept;
  void note_round();
  void end_round();
  void suspend();
  void reply_suspended(std::unique_ptr<SuspendedCall> call);
  void while_waiting(bool is_waiting);
  base::Result<Begun> begin_step(std::string_view key) override;
  base::Result<void> end_step(std::string_view key, Ending ending, std::string_view value) override;

  void go();  ///< From route on, once the call is admitted.
  // become_job.cpp
  void keep(registry::Checkpoint checkpoint, Kept kept) override;
  bool may_become_job() const noexcept;  ///< Now, or when its skill has asked.
  bool is_to_be_job() const noexcept;    ///< Now.
  base::Result<void> check_webhook() const;
  void become_job();
  void describe_job();
  void begin_job_span(std::string_view job_id);
  base::Result<void> price();
  void set_backend(const BackendCandidate& candidate);
  bool has_another_backend() const;
  std::int64_t timeout_ns() const;  ///< The skill's, or the caller's shorter one.
  std::int64_t attempt_deadline_ns(std::int64_t now_ns) const;
  /// One attempt has ended: what came of it is told to whoever chooses backends.
  void note_attempt();
  bool is_providers_fault(const base::Error& error) const;
  bool may_try_next() const;
  void try_next();
  /// Holds principal and catalogue, because the call goes on after `start` has returned.
  void pin();
  void keep_text();
  void fail_with(base::Error error);
  /// Takes back the price that `admit` had put down.
  void cost_nothing();
  void on_timer();
  void arm(std::int64_t at_monotonic_ns);
  void stop(base::Error reason);
  /// The caller is answered without the handler.
  void abandon();
  /// After the handler completed: deliver, settle, and reply unless settling waits.
  void conclude();
  void check_store();
  base::Result<void> check_class_limits() const;
  base::Result<void> check_approval_and_limits() const;
  std::string explain() const;
  void give_back_place() noexcept;
  void recycle();

  /// kAdmitting: not run yet, perhaps waiting for a class limit's commit, or between two attempts. kFollowing: waits
  /// for the answer of the same call of somebody else. kStopping: the handler was told to stop. kAbandoned: the caller
  /// has its answer, the handler has not completed yet. kGathering: the handler has completed, calls that it made have
  /// not. kDelivering: files are stored. kSettling: waits for the commit
  /// of a charge, or of what is kept of a suspended call.
  enum class State : std::uint8_t {
    kIdle,
    kAdmitting,
    kFollowing,
    kRunning,
    kStopping,
    kAbandoned,
    kGathering,
    kDelivering,
    kSettling
  };

  CallPath& path_;
  base::Loop& loop_;
  boost::asio::steady_timer timer_;

  // Of the current call.
  std::size_t place_ = 0;     ///< In LoopState::executions, counted from 1; constant.
  std::uint64_t ticket_ = 0;  ///< Changes with each use, and when the call becomes a job; 0 while idle.
  State state_ = State::kIdle;
  bool in_start_ = false;   ///< `start` is on the stack and will recycle.
  bool invoking_ = false;   ///< Inside Handler::invoke.
  bool completed_ = false;  ///< `outcome_.result` is the handler's.
  bool admitted_ = false;   ///< A place of the principal's limits is taken.
  bool replied_ = false;
  CallRequest request_;
  CallSink* sink_ = nullptr;
  const accounts::Principal* principal_ = nullptr;
  const registry::Skill* skill_ = nullptr;
  std::unique_ptr<Offer> offer_;                                                ///< Null: a skill is called.
  const std::shared_ptr<const registry::Catalogue>* lent_catalogue_ = nullptr;  ///< Good while `start` is on the stack.
  accounts::PrincipalRef pinned_principal_;
  std::shared_ptr<const registry::Catalogue> pinned_catalogue_;
  registry::ProviderKeysRef pinned_provider_keys_;
  std::string text_;              ///< Copies of the request's texts; capacity is reused.
  BackendPlan plan_;              ///< Empty for a skill without backends.
  std::size_t next_backend_ = 0;  ///< In the plan: the first that was not tried.
  bool has_partials_ = false;     ///< Something has reached the caller, or is kept: no other backend may begin anew.
  bool is_attempt_over_ = false;  ///< `stop_reason_` is the attempt's deadline, not the call's.
  std::int64_t attempt_started_ns_ = 0;
  registry::Invocation invocation_;
  registry::Backend backend_;
  std::uint64_t handler_ticket_ = 0;
  std::optional<base::Error> stop_reason_;  ///< Why the handler was told to stop.
  std::int64_t started_ns_ = 0, run_started_ns_ = 0, deadline_ns_ = 0, settle_began_ns_ = 0;
  ResponseKey response_key_;              ///< Empty: this call's answer is not kept. Capacity is reused.
  CachedResponseRef response_;            ///< What this call leaves for others; null: nothing.
  bool has_linked_ = false;               ///< What is too large for the answer has been looked at.
  bool leads_ = false;                    ///< Others may wait for this call's answer.
  base::Money worst_cost_;                ///< What was admitted; nobody is charged more.
  std::unique_ptr<NestedCalls> nested_;   ///< Null: the skill has called no other.
  std::unique_ptr<CallSpan> job_span_;    ///< Of a job; null: it is none, or is not recorded.
  bool is_overdue_ = false;               ///< The handler had its grace; calls that it made are still ending.
  std::shared_ptr<Questions> questions_;  ///< Null: the caller cannot be asked anything.
  base::Sha256 binding_{};        ///< Of a call that may be suspended: what its next request must be the same in.
  std::unique_ptr<Steps> steps_;  ///< Null: the skill had no step.
  std::uint32_t waiting_ = 0;     ///< Questions that somebody thinks about while the frame waits.
  std::int64_t waiting_since_ns_ = 0;
  CallOutcome outcome_;
};

}  // namespace toolrack::call
