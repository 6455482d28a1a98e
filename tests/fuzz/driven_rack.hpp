/// A gateway's inside whose one loop runs only when a fuzz target lets it: no thread takes part in a call, so the same
/// bytes do the same thing every time.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_skill.hpp"
#include "support/offering_tool.hpp"
#include "support/test_rack.hpp"

namespace toolrack::fuzz {

/// Answers with its input from a later turn of the loop.
class PostingSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    boost::asio::post(invocation.loop->context(), [&completion, input = std::string(invocation.input_json)] {
      completion.progress(1, 2, "half");
      completion.complete(testing::success(input));
    });
    return 1;
  }
  void cancel(std::uint64_t) override {}
};

/// The tool `fake`, with skills that answer at once, later, and only when they are cancelled, and one that offers
/// resources, prompts and completions. Its caller may read and
/// call tools; operations that wait for a store are refused, because they would need a thread.
class DrivenRack {
 public:
  DrivenRack()
      : rack({tool(), testing::offering_tool()},
             {.local_scopes = {accounts::Scope::kToolsRead, accounts::Scope::kToolsCall}, .starts_loops = false}),
        front(rack),
        stay_(boost::asio::make_work_guard(loop().context())) {
    rack.store.set_forgetful(true);
  }

  base::Loop& loop() { return rack.loops[0]; }
  /// Runs whatever can run now; false when nothing could.
  bool turn() { return loop().context().poll() > 0; }

  /// Answers the calls that wait to be cancelled.
  void release() { waiting_->release(); }
  /// Each invocation since the last look: skill and input.
  std::vector<std::string> take_invocations() { return std::exchange(invocations_, {}); }

 private:
  std::shared_ptr<const registry::Tool> tool() {
    const auto echo = std::make_shared<testing::InstantSkill>([this](const registry::Invocation& invocation) {
      invocations_.emplace_back(invocation.input_json);
      return testing::success(std::string(invocation.input_json));
    });
    return testing::make_tool(
        "fake",
        {{.name = "echo",
          .handler = echo,
          .input = R"({"type":"object","properties":{"text":{"type":"string","maxLength":20}}})"},
         {.name = "region",
          .handler = echo,
          .input = R"({"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},)"
                   R"("count":{"type":"integer","x-mcp-header":"Count"},"flag":{"type":"boolean","x-mcp-header":)"
                   R"("Flag"},"in":{"type":"object","properties":{"deep":{"type":"string","x-mcp-header":"Deep"}}}}})"},
         {.name = "number",
          .handler = std::make_shared<testing::InstantSkill>("42"),
          .output = R"({"type":"integer"})"},
         {.name = "fail",
          .handler = std::make_shared<testing::InstantSkill>(base::Error(base::ErrorCode::kToolError, "locked"))},
         {.name = "later", .handler = std::make_shared<PostingSkill>()},
         {.name = "waiting", .handler = waiting_}});
  }

  std::vector<std::string> invocations_;
  const std::shared_ptr<testing::WaitingSkill> waiting_ = std::make_shared<testing::WaitingSkill>();

 public:
  testing::Rack rack;
  testing::RackFront front;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stay_;
};

}  // namespace toolrack::fuzz
