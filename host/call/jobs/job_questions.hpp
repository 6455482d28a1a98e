/// What the skill of a job has asked, and nobody has answered yet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "call/call.hpp"
#include "call/questions/asking.hpp"

namespace toolrack::call::jobs {

/// Owner: the job's run, and answers on their way. Threads: `add` and `close` the call's loop, the rest any.
class JobQuestions : public std::enable_shared_from_this<JobQuestions> {
 public:
  /// `run` counts the runs of the job, from 1. A later one asks again what nobody has answered to an earlier one, under
  /// another key: a key means one question for as long as the job lives, so no answer can come to the wrong one.
  JobQuestions(base::Loop& loop, std::uint32_t run) : loop_(loop), run_(run) {}

  /// `answered` as CallSink::ask has it.
  void add(registry::Question question, CallSink::Answered answered);
  /// The call is over: nobody hears of answers any more.
  void close();

  /// In the order in which they were asked, with the keys by which they are answered.
  std::vector<registry::Question> open() const;
  bool is_empty() const;

  /// What was answered, and who waits for it.
  struct Taken {
    std::vector<std::pair<CallSink::Answered, registry::Asked>> answers;
    std::vector<KeptAnswer> kept;  ///< The same, for another run.
  };
  /// {key: answer in MCP's words}. Keys of nothing that is open are ignored. One that cannot be used is kInvalidRequest
  /// ("invalid_answer"), and then nothing is answered. What is taken is not open any more.
  base::Result<Taken> take(const base::json::Value& answers);
  /// On the loop, and never from inside, unless the call is over.
  void tell(std::vector<std::pair<CallSink::Answered, registry::Asked>> answers);

 private:
  struct Open {
    registry::Question question;
    std::string identity;  ///< As the skill has asked it: the same in every run.
    CallSink::Answered answered;
  };

  base::Loop& loop_;
  const std::uint32_t run_;
  bool is_closed_ = false;  // Of the loop's thread.
  mutable base::Mutex mutex_;
  std::vector<Open> open_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::call::jobs
