#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

extern "C" const tr_entry* toolrack_entry_v1(void);

namespace toolrack::testing {
namespace {

using namespace std::chrono_literals;

TEST(AbiFace, SendsToTheBackendThatTheHostChose) {
  FakeHost host(toolrack_entry_v1());
  host.on_http("POST", "/v1/audio/speech", FakeReply(200, "MP3"));
  host.on_http("POST", "/v1/text-to-speech/rachel", FakeReply(200, "MP3"));
  CallOptions openai, elevenlabs;
  openai.backend("openai", "https://api.openai.test");
  elevenlabs.backend("elevenlabs", "https://api.elevenlabs.test");
  EXPECT_TRUE(host.run("generate_voice", R"({"text":"hi"})", openai).ok());
  const Outcome outcome = host.run("generate_voice", R"({"text":"hi"})", elevenlabs);
  EXPECT_EQ(outcome.output, R"({"audio":{"id":"asset-2","media_type":"","bytes":3}})");
  EXPECT_EQ(outcome.meters.at("character"), 13);
  ASSERT_EQ(host.requests().size(), 2u);
  EXPECT_EQ(host.requests()[0].body, R"({"text":"hi"})");
  EXPECT_EQ(host.asset(1), "MP3");
}

TEST(AbiFace, TellsAProvidersRefusalWithItsRetryTime) {
  FakeHost host(toolrack_entry_v1());
  host.on_http("POST", "/v1/audio/speech", FakeReply(429, "slow down").retry_after(7s));
  CallOptions options;
  options.backend("openai", "https://api.openai.test");
  const Outcome outcome = host.run("generate_voice", "{}", options);
  EXPECT_EQ(outcome.status, TR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(outcome.code, "provider_rate_limited");
  EXPECT_EQ(outcome.retry_after, 7s);
  EXPECT_TRUE(outcome.has_flag(TR_OUT_PROVIDER));
  EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT));
  EXPECT_EQ(outcome.details_json, R"({"http_status":429,"body":"slow down"})");
}

TEST(AbiFace, ForbidsAnotherBackendWhenTheRequestMayHaveArrived) {
  FakeHost host(toolrack_entry_v1());
  host.on_http("POST", "/v1/audio/speech", FakeReply::failure(TR_UNAVAILABLE, "reset", "cut", TR_RESULT_MAYBE_SENT));
  CallOptions options;
  options.backend("openai", "https://api.openai.test");
  const Outcome outcome = host.run("generate_voice", "{}", options);
  EXPECT_EQ(outcome.status, TR_UNAVAILABLE);
  EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL));
  EXPECT_FALSE(outcome.has_flag(TR_OUT_NEXT));
}

TEST(AbiFace, ReservesOnceAlthoughTheQuestionMakesItRunTwice) {
  FakeHost host(toolrack_entry_v1());
  host.on_http("POST", "/reserve", FakeReply(200, "12A"));
  host.answer("confirm", "{}");
  const Outcome outcome = host.run("book", "{}");
  EXPECT_EQ(outcome.output, R"({"seat":"12A"})");
  EXPECT_EQ(outcome.runs, 2);
  EXPECT_EQ(host.requests().size(), 1u);
  ASSERT_EQ(outcome.questions.size(), 1u);
  EXPECT_EQ(outcome.questions[0].message, "Take seat 12A?");
}

TEST(AbiFace, SimplyGoesOnInASession) {
  FakeHost host(toolrack_entry_v1());
  host.use_session();
  host.on_http("POST", "/reserve", FakeReply(200, "12A"));
  host.answer("confirm", "{}");
  const Outcome outcome = host.run("book", "{}");
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.runs, 1);
}

TEST(AbiFace, ReturnsADeclinedQuestionAsItIs) {
  FakeHost host(toolrack_entry_v1());
  host.on_http("POST", "/reserve", FakeReply(200, "12A"));
  host.decline("confirm");
  EXPECT_EQ(host.run("book", "{}").status, TR_USER_DECLINED);
}

TEST(AbiFace, LeavesTheStepOpenForAnotherTryWhenTheReservationFails) {
  FakeHost host(toolrack_entry_v1());
  host.on_http("POST", "/reserve", FakeReply(404, "no seats"));
  EXPECT_EQ(host.run("book", "{}").code, "provider_not_found");
}

}  // namespace
}  // namespace toolrack::testing
