/// Who takes over a call that outlives its request. jobs/jobs.hpp is the one there is; the call path knows this much.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/loop.hpp"
#include "base/result.hpp"
#include "call/call.hpp"

namespace toolrack::call {

class CallPath;

class JobKeeper {
 public:
  /// A call that may go on without its caller.
  struct Begun {
    std::string id;                                 ///< Of the job.
    std::int64_t created_unix_ns = 0, keep_ns = 0;  ///< As in AcceptedJob.
    CallSink* sink = nullptr;  ///< Where the call's outcome goes from now on; lives until its `done`.
  };
  using OnBegun = std::function<void(base::Result<Begun>)>;

  /// May a job have `url` for a webhook? kInvalidRequest or kEgressRefused say what is wrong with it. Any thread.
  virtual base::Result<void> check_webhook(std::string_view url) const = 0;

  /// On `loop`, for an admitted call that has not run: `request` names it, and holds until `begun` is called. That
  /// happens once, on `loop` and never from inside this function: when the job survives whatever happens to this
  /// process, or with the reason why there is none. `path` and `ticket` cancel the call.
  virtual void begin(CallPath& path, base::Loop& loop, std::uint64_t ticket, const CallRequest& request,
                     const registry::Skill& skill, OnBegun begun) = 0;

 protected:
  ~JobKeeper() = default;
};

}  // namespace toolrack::call
