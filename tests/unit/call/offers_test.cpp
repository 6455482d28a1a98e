/// Resources, prompts and completions on the call path: what calls of skills have, they have, too.
#include <gmock/gmock.h>

#include "call_fixture.hpp"
#include "support/offering_tool.hpp"

namespace toolrack::call {
namespace {

using registry::Kind;
using ::testing::HasSubstr;

class Offers : public CallTest {
 protected:
  Offers() { serve_with(nullptr); }
  void serve_with(std::shared_ptr<registry::Handler> handler) { rack_.publish({testing::offering_tool(handler)}); }
  Ask read(std::string uri) { return {.skill = std::move(uri), .tool = "", .kind = Kind::kResource}; }
  Ask prompt(std::string name, std::string arguments = "{}") {
    return {.skill = std::move(name), .input = std::move(arguments), .tool = "", .kind = Kind::kPrompt};
  }
};

TEST_F(Offers, AreRecordedAndCostNothing) {
  const auto text = run(read("test://text"));
  ASSERT_TRUE(text.ok) << text.message;
  EXPECT_EQ(text.cost, base::Money());
  ASSERT_TRUE(run(prompt("offers_hello")).ok);
  EXPECT_EQ(recorded_calls(), 2U);
}

TEST_F(Offers, WhatIsNotThereIsNotRecorded) {
  EXPECT_EQ(run(read("test://no/such")).error, "resource_not_found");
  EXPECT_EQ(run(prompt("offers_no_such")).error, "prompt_not_found");
  EXPECT_EQ(recorded_calls(), 0U);
}

TEST_F(Offers, ANameWithAZeroByteReachesNoPlugin) {
  for (const auto kind : {Kind::kResource, Kind::kPrompt, Kind::kSubscribe})
    EXPECT_EQ(run({.skill = std::string("test://items/a\0b", 16), .tool = "", .kind = kind}).error, "invalid_request");
}

TEST_F(Offers, APartWithoutUriOrTypeHasTheResources) {
  const auto text = run(read("test://text"));
  ASSERT_EQ(text.parts.size(), 1U);
  EXPECT_EQ(text.parts[0].uri, "test://text");
  EXPECT_EQ(text.parts[0].media_type, "text/plain");
}

TEST_F(Offers, AnythingElseThanResourcesBreaksThePromise) {
  serve_with(std::make_shared<testing::InstantSkill>([](const auto&) {
    auto outcome = testing::success("");
    outcome.parts.push_back({.type = registry::Part::Type::kText, .text = "no resource"});
    return outcome;
  }));
  const auto text = run(read("test://text"));
  EXPECT_EQ(text.error, "invalid_output");
  EXPECT_THAT(text.message, HasSubstr("test://text"));
  EXPECT_TRUE(text.parts.empty());
}

TEST_F(Offers, AreFoundInTheVersionThatIsNamed) {
  auto ask = read("test://items/1");
  ask.tool = "test/offers@1";
  EXPECT_TRUE(run(ask).ok);
  ask.tool = "test/offers@2";
  EXPECT_EQ(run(ask).error, "version_not_found");
  auto asked = prompt("hello");
  asked.tool = "offers";
  EXPECT_TRUE(run(asked).ok) << "its own name, where the tool is named";
}

TEST_F(Offers, EndAtTheirDeadlineAndWithTheirCaller) {
  const auto waiting = std::make_shared<testing::WaitingSkill>();
  serve_with(waiting);
  auto ask = read("test://text");
  ask.timeout_ms = 1;
  EXPECT_EQ(run(ask).error, "timeout");
  const auto started = start(prompt("offers_greet", R"({"who":"me"})"));
  ASSERT_TRUE(waiting->invoked.wait_for(2));
  cancel(*started);
  EXPECT_EQ(started->wait().error, "cancelled");
}

TEST_F(Offers, TakeAPlaceOfTheirCallers) {
  const auto waiting = std::make_shared<testing::WaitingSkill>();
  serve_with(waiting);
  auto ask = read("test://text");
  ask.principal = limited({.concurrent = 1});
  const auto first = start(ask);
  EXPECT_EQ(run(ask).error, "too_many_concurrent");
  cancel(*first);
  first->wait();
}

TEST_F(Offers, WhoWatchesIsToldToThePluginsThatWantIt) {
  const auto watch = [&] { return run({.skill = "test://items/1", .tool = "", .kind = Kind::kSubscribe}); };
  EXPECT_TRUE(watch().ok);
  serve_with(std::make_shared<testing::InstantSkill>(base::Error(base::ErrorCode::kUnimplemented, "no handler")));
  EXPECT_TRUE(watch().ok);
  serve_with(std::make_shared<testing::InstantSkill>(base::Error(base::ErrorCode::kToolError, "not for you")));
  EXPECT_EQ(watch().message, "not for you");
}

}  // namespace
}  // namespace toolrack::call
