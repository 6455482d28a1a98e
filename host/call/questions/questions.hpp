/// The questions of one call on its way: who is asked, what is open, and the record that lets it run again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "call/call.hpp"
#include "call/questions/asking.hpp"
#include "call/questions/steps.hpp"
#include "call/questions/suspended_call.hpp"
#include "registry/questions.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::call {

/// Owner: the call, and what of it still runs. Threads: `ask` any; the rest the call's loop.
class Questions final : public registry::Asker, public std::enable_shared_from_this<Questions> {
 public:
  /// `while_waiting` is told when somebody is asked while the frame waits (true), and when that is over.
  Questions(base::Loop& loop, const Asking& asking, CallSink& sink, std::function<void(bool)> while_waiting);

  // registry::Asker
  void ask(registry::Question question, Done done) override;
  bool waits() const noexcept override { return waits_; }

  /// What the skill is told: what this request can be asked, and what those before it could, or the next run would
  /// differ. Only the former is asked.
  std::uint32_t kinds() const noexcept { return kinds_ | told_kinds_ | (earlier == nullptr ? 0 : earlier->kinds); }
  /// What a call is like that becomes a job: its frame waits for whoever answers the job. Good while this lives.
  const Asking& of_job();
  /// The call has become a job, whose sink takes the questions. Before an attempt.
  void go_on_as_job(CallSink& sink) noexcept;
  /// An attempt begins: with nothing, or, of a call that was suspended, with its record.
  void begin_attempt();
  /// Null: the frame waits, and there was no round before; nothing needs to be recorded.
  services::recorder::Recording* recording() const noexcept { return recording_.get(); }
  /// In any run: what came of the call is this caller's, and no other backend takes over.
  bool has_asked();
  /// What waits for another run.
  std::vector<registry::Question> open();
  /// The call is over: nobody is asked any more.
  void close();

  const std::string state;  ///< That the caller came with; empty: this is the first round.
  /// Of the rounds before this one; the request's views go into them. `skill` in the first one: as it was named.
  std::string call_id, tool, skill;
  std::unique_ptr<SuspendedCall> earlier;  ///< Of the rounds before this one; null: this is the first.
  bool is_noted = false;                   ///< Of a later one: it is on disk that it runs.
  Suspension suspension;                   ///< What the call is answered with when it is suspended.

 private:
  bool can_ask(const registry::Question& question) const noexcept;
  void ask_and_wait(registry::Question question, Done done);
  void ask_by_record(registry::Question question, Done done);

  base::Loop& loop_;
  const std::uint32_t kinds_;
  const std::uint32_t told_kinds_;
  Asking of_job_{.kinds = kinds_, .waits = true, .method = {}, .state = {}};
  bool waits_;      // Constant while an attempt runs.
  CallSink* sink_;  // Of the loop's thread; null once the call is over.
  const std::function<void(bool)> while_waiting_;
  std::shared_ptr<services::recorder::Recording> recording_;

  base::Mutex mutex_;
  std::vector<std::string> keys_ TR_GUARDED_BY(mutex_);  // Asked in this attempt.
  std::vector<registry::Question> open_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::call
