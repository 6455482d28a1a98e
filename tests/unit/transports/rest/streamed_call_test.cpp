/// What a caller sees of a call before its end.
#include <gmock/gmock.h>

#include "rest_fixture.hpp"

namespace toolrack::rest {
namespace {

using ::testing::AllOf;
using testing::at;
using testing::exchange;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::parsed;
using ::testing::StartsWith;

/// Tells two steps of progress and two parts, then waits until the test lets it end.
class TellingSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    EXPECT_TRUE(invocation.wants_progress);
    EXPECT_TRUE(invocation.wants_partials);
    loop_ = invocation.loop;
    completion_ = &completion;
    boost::asio::post(loop_->context(), [&completion] {
      completion.progress(1, 2, "half");
      completion.progress(1.5, 2, "too soon after the last");
      completion.partial({.text = "first\nline"});
      completion.partial({.text = "second"});
    });
    return 1;
  }
  void cancel(std::uint64_t) override {
    cancelled.add();
    completion_->complete(testing::failure({base::ErrorCode::kCancelled, "cancelled"}));
  }
  void end(registry::Outcome outcome) {
    boost::asio::post(loop_->context(), [this, outcome = std::make_shared<registry::Outcome>(std::move(outcome))] {
      completion_->complete(std::move(*outcome));
    });
  }
  testing::Count cancelled;

 private:
  base::Loop* loop_ = nullptr;
  registry::Completion* completion_ = nullptr;
};

/// Sends parts until nobody takes them.
class FloodingSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    loop_ = invocation.loop;
    completion_ = &completion;
    boost::asio::post(loop_->context(), [this] { flood(); });
    return 1;
  }
  void cancel(std::uint64_t) override {
    cancelled.add();
    is_cancelled_ = true;
    completion_->complete(testing::failure({base::ErrorCode::kCancelled, "cancelled"}));
  }
  testing::Count cancelled;

 private:
  void flood() {
    if (is_cancelled_ || !completion_->partial({.text = std::string(16 << 10, 'x')})) return;
    boost::asio::post(loop_->context(), [this] { flood(); });
  }
  base::Loop* loop_ = nullptr;
  registry::Completion* completion_ = nullptr;
  bool is_cancelled_ = false;
};

class StreamedCallTest : public ::testing::Test {
 protected:
  net::RawClient ask(std::string_view skill, int receive_buffer = 0) {
    auto client = net::RawClient::tcp(rack_.port, receive_buffer);
    client.send(testing::http_request("POST", "/v1/tools/call", json_headers(),
                                      R"({"tool":"fake","stream":true,"skill":")" + std::string(skill) + "\"}"));
    return client;
  }
  /// Everything up to `words`, from the reply's first byte on.
  std::string read_until(net::RawClient& client, std::string_view words) {
    std::string seen;
    while (seen.find(words) == std::string::npos && client.read_more(seen)) {
    }
    EXPECT_THAT(seen, HasSubstr(std::string(words)));
    return seen;
  }

  std::shared_ptr<TellingSkill> telling_ = std::make_shared<TellingSkill>();
  std::shared_ptr<FloodingSkill> flooding_ = std::make_shared<FloodingSkill>();
  testing::ServedRack rack_{
      {testing::make_tool("fake", {{.name = "telling", .handler = telling_},
                                   {.name = "flooding", .handler = flooding_},
                                   {.name = "echo", .handler = std::make_shared<testing::InstantSkill>()},
                                   {.name = "careful", .handler = telling_, .confirm = true}})},
      {.http = {.stream_buffer_bytes = 64 << 10}}};
};

TEST_F(StreamedCallTest, TellsProgressAndPartsBeforeTheResult) {
  auto client = ask("telling");
  auto seen = read_until(client, "second");
  EXPECT_THAT(seen, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/event-stream"),
                          HasSubstr("event: progress\ndata: {\"progress\":1,\"total\":2,\"message\":\"half\"}\n\n"),
                          HasSubstr("event: partial\ndata: {\"type\":\"text\",\"text\":\"first\\nline\"}\n\n"),
                          Not(HasSubstr("too soon")), Not(HasSubstr("event: result"))));
  telling_->end(testing::success(R"({"a":1})"));
  seen = read_until(client, "request_id");
  EXPECT_THAT(seen, AllOf(HasSubstr("event: result\ndata: {\"status\":\"success\""), HasSubstr(R"("output":{"a":1})")));
}

TEST_F(StreamedCallTest, TellsAFailureAsItsLastEvent) {
  auto client = ask("telling");
  read_until(client, "second");
  telling_->end(testing::failure({base::ErrorCode::kToolError, "no luck"}));
  EXPECT_THAT(read_until(client, "request_id"),
              AllOf(HasSubstr("event: error\ndata: {\"status\":\"error\""), HasSubstr("no luck")));
}

TEST_F(StreamedCallTest, OfASkillThatAnswersAtOnceHasOneEvent) {
  auto client = ask("echo");
  EXPECT_THAT(read_until(client, "request_id"), HasSubstr("event: result\ndata: {\"status\":\"success\""));
}

TEST_F(StreamedCallTest, ThatIsRefusedIsAnsweredWithItsStatus) {
  const auto reply = exchange(rack_.port, "POST", "/v1/tools/call", json_headers(),
                              R"({"tool":"fake","skill":"careful","stream":true})");
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(at(parsed(reply.body), "/error/code"), "confirmation_required");
}

TEST_F(StreamedCallTest, IsCancelledByAClientThatLeaves) {
  {
    auto client = ask("telling");
    read_until(client, "second");
  }
  EXPECT_TRUE(telling_->cancelled.wait_for(1));
}

TEST_F(StreamedCallTest, EndsForAReaderThatIsTooSlow) {
  auto client = ask("flooding", 4096);
  ASSERT_TRUE(flooding_->cancelled.wait_for(1)) << "nobody reads, so it ends instead of filling memory";
  EXPECT_THAT(read_until(client, "request_id"), AllOf(HasSubstr("event: error"), HasSubstr("read so slowly")));
}

}  // namespace
}  // namespace toolrack::rest
