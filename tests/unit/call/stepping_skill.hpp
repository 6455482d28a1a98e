/// A skill that keeps how far it has come when the test says so.
#pragma once

#include <boost/asio/post.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "registry/checkpoints.hpp"
#include "support/fake_skill.hpp"

namespace toolrack::testing {

/// One run as the handler was given it. The rest happens on the call's loop, and is waited for.
class SteppingRun {
 public:
  explicit SteppingRun(const registry::Invocation& invocation, registry::Completion& completion)
      : run(invocation.run),
        is_job(invocation.is_job),
        account(invocation.account),
        call_id(invocation.call_id),
        input(invocation.input_json),
        client(invocation.client),
        transport(invocation.transport),
        meta(invocation.meta_json),
        backend(invocation.backend == nullptr ? "" : invocation.backend->provider),
        loop_(*invocation.loop),
        checkpoints_(invocation.checkpoints),
        completion_(&completion) {
    if (invocation.checkpoint != nullptr) checkpoint = *invocation.checkpoint;
  }

  const std::uint32_t run;
  const bool is_job;
  const std::string account, call_id, input, client, transport, meta, backend;
  std::optional<registry::Checkpoint> checkpoint;

  void tell(const std::string& part, double progress = 0) {
    on_loop([&] {
      completion_->partial({.text = part});
      if (progress > 0) completion_->progress(progress, 0, "");
    });
  }
  /// "kept", or the name of the error.
  std::string keep(registry::Checkpoint what) {
    const auto kept = keep_soon(std::move(what));
    EXPECT_TRUE(kept->told.wait_for(1));
    return kept->word;
  }
  std::string keep(std::string state) { return keep(registry::Checkpoint{.state = std::move(state)}); }
  struct Kept {
    Count told;
    std::string word;
  };
  std::shared_ptr<Kept> keep_soon(registry::Checkpoint what) {
    auto kept = std::make_shared<Kept>();
    on_loop([&] {
      checkpoints_->keep(std::move(what), [kept](const base::Result<void>& result) {
        EXPECT_EQ(kept->told.value(), 0) << "once";
        kept->word = result ? "kept" : std::string(result.error().name());
        kept->told.add();
      });
      EXPECT_EQ(kept->told.value(), 0) << "never from inside";
    });
    return kept;
  }
  void end(registry::Outcome outcome) {
    // Shared, because post wants to copy; moved on the loop.
    auto shared = std::make_shared<registry::Outcome>(std::move(outcome));
    boost::asio::post(loop_.context(), [this, shared] {
      if (auto* completion = std::exchange(completion_, nullptr)) completion->complete(std::move(*shared));
    });
  }
  void end(std::string output = R"({"ended":true})") { end(success(std::move(output))); }
  /// On the loop.
  void cancelled() {
    if (auto* completion = std::exchange(completion_, nullptr))
      completion->complete(failure(base::Error(base::ErrorCode::kCancelled, "told to end")));
  }

 private:
  template <typename Task>
  void on_loop(const Task& task) {
    Count done;
    boost::asio::post(loop_.context(), [&] {
      task();
      done.add();
    });
    EXPECT_TRUE(done.wait_for(1));
  }

  base::Loop& loop_;
  registry::Checkpoints* const checkpoints_;
  registry::Completion* completion_;  // The loop's.
};

class SteppingSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    std::uint64_t ticket = 0;
    {
      const base::Lock lock(mutex_);
      runs_.push_back(std::make_unique<SteppingRun>(invocation, completion));
      ticket = runs_.size();
    }
    invoked.add();
    return ticket;
  }
  void cancel(std::uint64_t ticket) override {
    SteppingRun* run = nullptr;
    {
      const base::Lock lock(mutex_);
      run = runs_.at(ticket - 1).get();
    }
    cancelled.add();
    run->cancelled();
  }
  /// The `number`th run, from 1, once it has begun.
  SteppingRun& run(int number) {
    if (!invoked.wait_for(number)) {
      ADD_FAILURE() << "run " << number << " did not begin";
      std::abort();
    }
    const base::Lock lock(mutex_);
    return *runs_.at(static_cast<std::size_t>(number) - 1);
  }
  Count invoked, cancelled;

 private:
  base::Mutex mutex_;
  std::vector<std::unique_ptr<SteppingRun>> runs_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::testing
