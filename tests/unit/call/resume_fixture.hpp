/// A gateway that is killed and started again, as often as a test wants: what the store has is left, nothing else.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "job_calls.hpp"
#include "stepping_skill.hpp"
#include "support/asking_skill.hpp"

namespace toolrack::call {

class ResumeFixture : public ::testing::Test {
 protected:
  ResumeFixture() { restart(false); }

  static testing::FakeSkill skill(std::string name, std::shared_ptr<registry::Handler> handler) {
    testing::FakeSkill made{.name = std::move(name), .handler = std::move(handler)};
    made.resumable = true;
    return made;
  }
  std::vector<std::shared_ptr<const registry::Tool>> tools(std::string version = "1.0.0") {
    auto steps = skill("steps", steps_), anew = skill("anew", steps_), priced = skill("priced", steps_),
         inquires = skill("inquires", asking_), asks = skill("asks", steps_), acts = skill("acts", steps_),
         routed = skill("routed", steps_), first = skill("first", asking_);
    anew.idempotent = inquires.idempotent = true;
    priced.price = base::Money::from_micros(10'000);
    asks.confirm = true;
    asks.limits = {{.count = 1, .window = std::chrono::hours(24), .name = "once"}};
    acts.resumable = false;
    acts.idempotent = true;
    first.idempotent = first.async = first.asks_first = true;
    routed.providers = {"alpha", "beta"};
    routed.read_only = true;
    return {testing::make_tool("fake", {steps, anew, priced, inquires, asks, acts, routed, first}, std::move(version))};
  }

  /// The process is killed in this moment, and another one started; without `resumes` only as far as that it knows
  /// what was left.
  void restart(bool resumes = true, const std::string& version = "1.0.0") {
    testing::RackOptions options;
    if (rack_) options.left = &rack_->store;
    auto next = std::make_unique<testing::Rack>(tools(version), options);
    if (rack_) killed_.push_back(std::move(rack_));  // It does not know, but nobody sees any more what it does.
    rack_ = std::move(next);
    const auto left = rack_->jobs.recover();
    ASSERT_TRUE(left) << left.error().message();
    left_ = *left;
    if (resumes) resume();
  }
  std::size_t resume() {
    const auto resumed = rack_->jobs.resume(
        rack_->calls, rack_->loops,
        [this](std::string_view account, std::string_view key_id) -> base::Result<accounts::PrincipalRef> {
          if (key_id.empty()) return rack_->local;
          return rack_->keys->principal(account, key_id);
        });
    EXPECT_TRUE(resumed) << resumed.error().message();
    return resumed.value_or(0);
  }
  jobs::Jobs::Stopped stop() {
    rack_->jobs.stop_taking();
    return rack_->jobs.end_running(std::chrono::milliseconds(0), toolrack::test::kPatience);
  }

  std::string begin(std::string skill, JobAsk ask = {}) {
    ask.skill = std::move(skill);
    ask.request.job = JobUse::kAlways;
    const auto job = start_as_job(*rack_, ask);
    EXPECT_EQ(job->error, "");
    return job->id;
  }
  /// One value of what the account is told of the job: at("/status").
  std::string told(const std::string& id, std::string_view pointer, std::string_view account = "local") {
    return std::string(testing::at(describe_job(*rack_, id, account), pointer));
  }
  std::string ended(const std::string& id) {
    EXPECT_TRUE(await_job(*rack_, id));
    return told(id, "/status");
  }
  /// Documents of a collection.
  std::size_t documents(std::string_view collection) {
    std::size_t count = 0;
    const auto snapshot = rack_->store.snapshot();
    EXPECT_TRUE((*snapshot)->scan(collection, "", "", store::Snapshot::Order::kForward,
                                  [&](std::string_view, const store::Document&) { return ++count > 0; }));
    return count;
  }
  base::Money charged() {
    auto sum = base::Money();
    const auto rows = rack_->usage.summary("local", accounts::Period::kAll);
    for (const auto& row : *rows) sum = sum + row.cost;
    return sum;
  }

  std::shared_ptr<testing::AskingSkill> asking_ = std::make_shared<testing::AskingSkill>();
  std::shared_ptr<testing::SteppingSkill> steps_ = std::make_shared<testing::SteppingSkill>();
  jobs::Jobs::Recovered left_;
  std::vector<std::unique_ptr<testing::Rack>> killed_;
  std::unique_ptr<testing::Rack> rack_;
};

}  // namespace toolrack::call
