/// Answers that have become streams and then say nothing for long.
#include <gtest/gtest.h>

#include "mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

using namespace std::chrono_literals;

/// Tells one step, and nothing more until it is released.
class QuietSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    loop_ = invocation.loop;
    completion_ = &completion;
    boost::asio::post(loop_->context(), [&completion] { completion.progress(1, 2, "begun"); });
    return 1;
  }
  void cancel(std::uint64_t) override {}
  /// After the step was told.
  void release() {
    boost::asio::post(loop_->context(), [this] { completion_->complete(testing::success("{}")); });
  }

 private:
  base::Loop* loop_ = nullptr;
  registry::Completion* completion_ = nullptr;
};

class SilenceTest : public McpTest {
 protected:
  SilenceTest() : McpTest({.http = {.silence = 30ms, .tick = 5ms}}) {
    rack_.rack.publish({testing::make_tool("quiet", {{.name = "work", .handler = quiet_}})});
  }
  /// Sends the call, and hears its step, two comments and its answer, in this order.
  void expect_comments(const std::string& call) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(call);
    std::string heard;
    const auto hear = [&](std::string_view what) {
      while (heard.find(what) == std::string::npos)
        if (!client.read_more(heard)) return false;
      heard.erase(0, heard.find(what) + what.size());
      return true;
    };
    ASSERT_TRUE(hear(R"("message":"begun")")) << heard;
    ASSERT_TRUE(hear(":\n\n")) << heard;
    ASSERT_TRUE(hear(":\n\n")) << heard;
    quiet_->release();
    ASSERT_TRUE(hear(R"("structuredContent":{})")) << heard;
  }
  const std::shared_ptr<QuietSkill> quiet_ = std::make_shared<QuietSkill>();
};

TEST_F(SilenceTest, OfAModernAnswerIsFilledWithComments) {
  expect_comments(modern_call("1", "quiet_work", R"(,"progressToken":1)"));
}

TEST_F(SilenceTest, OfALegacyAnswerIsFilledWithComments) {
  expect_comments(legacy_call(open_session("2025-03-26"), "1", "quiet_work", R"({"progressToken":1})"));
}

TEST_F(SilenceTest, OfAnAnswerThatCanBeTakenUpAgainIsFilledWithComments) {
  expect_comments(legacy_call(open_session("2025-11-25"), "1", "quiet_work", R"({"progressToken":1})"));
}

}  // namespace
}  // namespace toolrack::mcp
