/// Calls that are to become jobs: started on a rack's loop, and asked for later.
#pragma once

#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "call/call_path.hpp"
#include "call/questions/asking.hpp"
#include "support/fake_skill.hpp"
#include "support/http_client.hpp"
#include "support/patience.hpp"
#include "support/test_rack.hpp"

namespace toolrack::call {

/// Hears either the outcome of a call or the id of its job.
class JobSink final : public CallSink {
 public:
  explicit JobSink(std::function<void(std::string_view)> on_accepted) : on_accepted_(std::move(on_accepted)) {}
  void done(CallOutcome& outcome) noexcept override {
    if (outcome.result.error) error = outcome.result.error->name();
    if (outcome.suspended != nullptr) state = outcome.suspended->state;
    heard.add();
  }
  void accepted(const AcceptedJob& job) noexcept override {
    if (on_accepted_) on_accepted_(job.id);
    id = job.id;
    heard.add();
  }
  testing::Count heard;
  std::string id, error;
  std::string state;  ///< Not empty: the call is suspended, and no job yet.
  std::uint64_t ticket = 0;

 private:
  const std::function<void(std::string_view)> on_accepted_;
};

/// Runs `task` on the rack's first loop and waits for it.
template <typename Task>
void run_on_loop(testing::Rack& rack, const Task& task) {
  testing::Count done;
  boost::asio::post(rack.loops[0].context(), [&] {
    task();
    done.add();
  });
  EXPECT_TRUE(done.wait_for(1));
}

struct JobAsk {
  std::string skill, input = "{}";
  accounts::PrincipalRef principal = nullptr;  ///< Null: the local one.
  CallRequest request = {};                    ///< The rest of it; what it points to lives until it is answered.
};

/// Answered when this returns; everything that the request borrowed is gone then.
inline std::shared_ptr<JobSink> start_as_job(testing::Rack& rack, const JobAsk& ask,
                                             std::function<void(std::string_view)> on_accepted = nullptr) {
  auto sink = std::make_shared<JobSink>(std::move(on_accepted));
  run_on_loop(rack, [&] {
    const auto value = base::json::parse(ask.input);
    const auto who = ask.principal ? ask.principal : rack.local;
    const std::string request_id = "the id of the request, which is gone before the job runs";
    auto request = ask.request;
    request.principal = &who;
    request.tool = "fake";
    request.skill = ask.skill;
    request.input_json = ask.input;
    request.input = &*value;
    request.request_id = request_id;
    sink->ticket = rack.calls.start(rack.loops[0], request, *sink);
  });
  EXPECT_TRUE(sink->heard.wait_for(1));
  return sink;
}

inline base::json::Document describe_job(testing::Rack& rack, const std::string& id,
                                         std::string_view account = "local") {
  const auto text = rack.jobs.describe(account, id);
  EXPECT_TRUE(text) << text.error().message();
  return testing::parsed(text.value_or("{}"));
}

/// True when it has ended before `patience` was over.
inline bool await_job(testing::Rack& rack, const std::string& id,
                      std::chrono::milliseconds patience = toolrack::test::kPatience,
                      std::string_view account = "local") {
  testing::Count ready;
  run_on_loop(rack, [&] { rack.jobs.await_end(account, id, patience, rack.loops[0], [&] { ready.add(); }); });
  EXPECT_TRUE(ready.wait_for(1, patience + toolrack::test::kPatience));
  return testing::at(describe_job(rack, id, account), "/ended_at") != "(absent)";
}

}  // namespace toolrack::call
