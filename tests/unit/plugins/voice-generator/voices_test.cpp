#include <gmock/gmock.h>

#include "unit/plugins/voice-generator/voice_host.hpp"

namespace toolrack::voice::testing {
namespace {

using ListVoices = VoiceHost;

TEST_F(ListVoices, DescribesElevenLabsVoicesPageByPage) {
  host.on_http("GET", "/v2/voices*", sdk::FakeReply(200, R"({"voices":[
    {"voice_id":"v1","name":"George","labels":{"gender":"male","language":"en"},"description":"Warm","preview_url":"https://x/1.mp3",
     "verified_languages":[{"language":"en"},{"language":"de"},{"language":"de"}]},
    {"voice_id":"v2","name":null,"labels":{},"verified_languages":null}],"has_more":true,"next_page_token":"p2"})"));
  ASSERT_TRUE(run("list_voices", "elevenlabs", R"({"search":"a b","limit":2,"page":"p1"})").ok()) << outcome.message;
  EXPECT_EQ(last().url, "/v2/voices?page_size=2&search=a%20b&next_page_token=p1");
  EXPECT_EQ(at("/voices/0"), R"({"id":"v1","name":"George","languages":["en","de"],"gender":"male",)"
                             R"("description":"Warm","preview_url":"https://x/1.mp3"})");
  EXPECT_EQ(at("/voices/1"),
            R"({"id":"v2","name":null,"languages":[],"gender":null,"description":null,"preview_url":null})");
  EXPECT_EQ(at("/next_page"), "\"p2\"");
}

TEST_F(ListVoices, EndsWhereThereIsNoMore) {
  host.on_http("GET", "/v2/voices*",
               sdk::FakeReply(200, R"({"voices":[],"has_more":false,"next_page_token":"left over"})"));
  ASSERT_TRUE(run("list_voices", "elevenlabs", "{}").ok());
  EXPECT_EQ(last().url, "/v2/voices?page_size=50");
  EXPECT_EQ(at("/next_page"), "null");
}

TEST_F(ListVoices, AsksNobodyWhereTheListIsFixed) {
  ASSERT_TRUE(run("list_voices", "openai", "{}").ok());
  EXPECT_EQ(output["voices"].Size(), 10u);
  EXPECT_EQ(at("/voices/0/id"), "\"alloy\"");
  ASSERT_TRUE(run("list_voices", "gemini", R"({"search":"FIRM"})").ok());
  EXPECT_EQ(at("/voices/0/id"), "\"Kore\"");
  EXPECT_EQ(output["voices"].Size(), 3u) << "Kore, Orus, Alnilam";
  EXPECT_TRUE(host.requests().empty());
}

TEST_F(ListVoices, SaysWhenTheAnswerIsNone) {
  host.on_http("GET", "/v2/voices*", sdk::FakeReply(200, "<html>"));
  run("list_voices", "elevenlabs", "{}");
  EXPECT_EQ(outcome.code, "voice.garbage");
  EXPECT_TRUE(outcome.has_flag(TR_OUT_PROVIDER));
}

}  // namespace
}  // namespace toolrack::voice::testing
