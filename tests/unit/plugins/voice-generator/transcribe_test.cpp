#include <gmock/gmock.h>
#include <toolrack/json_text.hpp>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "unit/plugins/voice-generator/voice_host.hpp"

namespace toolrack::voice::testing {
namespace {

using ::testing::HasSubstr;

class Transcribe : public VoiceHost {
 protected:
  /// "asset-1": a WAV of 48 bytes, or what else generate_voice makes of four bytes.
  void make_asset(const std::string& format = "wav") {
    speech("gemini", sdk::FakeReply(
                         200, R"({"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"audio/L16;rate=24000",)"
                              R"("data":"AQIDBA=="}}]}}]})"));
    ASSERT_TRUE(speak("gemini", R"({"text":"Hello","format":")" + format + "\"}").ok());
  }
  /// The FakeHost's ids are not those of a real one, so only the output is held against its schema.
  const sdk::Outcome& hear(std::string_view provider, const std::string& more = "", std::string options = {}) {
    for (const auto& each : skill_of("transcribe").backends)
      if (options.empty() && each.provider == provider) options = each.options_json;
    outcome = host.run("transcribe", R"({"audio_asset":"asset-1")" + more + "}",
                       sdk::CallOptions().backend(std::string(provider), "https://x.example", options));
    output = rapidjson::Document();
    output.Parse(outcome.output.data(), outcome.output.size());
    if (!outcome.ok()) return outcome;
    const auto parsed = base::json::parse(outcome.output);
    EXPECT_TRUE(parsed && skill_of("transcribe").output_validator->check(*parsed).empty()) << outcome.output;
    return outcome;
  }
};

TEST_F(Transcribe, SendsTheAssetAsAFileToOpenAi) {
  make_asset();
  host.on_http("POST", "/v1/audio/transcriptions", sdk::FakeReply(200, R"({"language":"german","duration":2.1,
      "text":"Guten Tag.","segments":[{"id":0,"start":0.5,"end":2.0,"text":" Guten Tag."}]})"));
  ASSERT_TRUE(hear("openai", R"(,"language":"de")").ok()) << outcome.message;
  const std::string type = last().header("content-type");
  ASSERT_TRUE(type.starts_with("multipart/form-data; boundary=")) << type;
  const std::string line = "--" + type.substr(type.find('=') + 1);
  const std::string part = line + "\r\nContent-Disposition: form-data; name=";
  EXPECT_EQ(last().body, part + "\"model\"\r\n\r\nwhisper-1\r\n" + part + "\"language\"\r\n\r\nde\r\n" + part +
                             "\"response_format\"\r\n\r\nverbose_json\r\n" + part +
                             "\"file\"; filename=\"audio.wav\"\r\nContent-Type: audio/wav\r\n\r\n\r\n" + line +
                             "--\r\n");
  EXPECT_EQ(last().body_assets, std::vector<std::string>{"asset-1"});
  EXPECT_EQ(last().flags, std::uint32_t{TR_HTTP_NO_RETRY | TR_HTTP_NO_REDIRECT});
  EXPECT_EQ(at("/text"), "\"Guten Tag.\"");
  EXPECT_EQ(at("/language"), "\"german\"");
  EXPECT_EQ(at("/segments"), R"([{"start_s":0.5,"end_s":2.0,"text":"Guten Tag."}])");
  EXPECT_EQ(output["duration_s"].GetDouble(), 2.1);
}

TEST_F(Transcribe, MakesSentencesOfElevenLabsWords) {
  make_asset();
  host.on_http("POST", "/v1/speech-to-text",
               sdk::FakeReply(200, R"({"language_code":"eng","text":"Hi. How are","words":[
      {"text":"Hi.","start":0.1,"end":0.4,"type":"word"},{"text":" ","start":0.4,"end":0.5,"type":"spacing"},
      {"text":"How","start":0.5,"end":0.8,"type":"word"},{"text":" ","start":0.8,"end":0.9,"type":"spacing"},
      {"text":"are","start":null,"end":1.5,"type":"word"}]})"));
  ASSERT_TRUE(hear("elevenlabs").ok()) << outcome.message;
  EXPECT_THAT(last().body, HasSubstr("name=\"model_id\"\r\n\r\nscribe_v1\r\n"));
  EXPECT_EQ(last().body.find("language"), std::string::npos);
  EXPECT_EQ(at("/segments"),
            R"([{"start_s":0.1,"end_s":0.4,"text":"Hi."},{"start_s":0.5,"end_s":1.5,"text":"How are"}])");
  EXPECT_EQ(output["duration_s"].GetDouble(), 1.5);
}

TEST_F(Transcribe, RefusesWhatCannotBeHeardBeforeItIsSent) {
  hear("openai");
  EXPECT_EQ(outcome.status, TR_NOT_FOUND) << "there is no asset";
  make_asset("pcm");
  const auto before = host.requests().size();
  hear("openai");
  EXPECT_EQ(outcome.code, "voice.media_type_not_taken");
  EXPECT_THAT(outcome.message, HasSubstr("audio/pcm"));
  EXPECT_EQ(host.requests().size(), before);
}

std::string gemini_answer(const std::string& written, const std::string& more = "") {
  return R"({"candidates":[{"content":{"parts":[{"thought":true,"text":"Hm."},{"text":)" + json_quote(written) +
         R"(}]},"finishReason":"STOP"}])" + more + "}";
}

TEST_F(Transcribe, GivesGeminiTheBytesInsideJson) {
  make_asset();
  host.on_http(
      "POST", "/v1beta/models/gemini-2.5-flash:generateContent",
      sdk::FakeReply(200, gemini_answer(R"({"language":"de","segments":[{"start_s":0.5,"end_s":2,"text":"Guten Tag."},
      {"start_s":-1,"end_s":"x","text":"Ja."},{"text":""}]})",
                                        R"(,"usageMetadata":{"promptTokensDetails":[{"modality":"TEXT","tokenCount":9},
      {"modality":"AUDIO","tokenCount":80}]})")));
  ASSERT_TRUE(hear("gemini", R"(,"language":"de")").ok()) << outcome.message;
  const auto sent = base::json::parse(last().body);
  ASSERT_TRUE(sent) << last().body;
  rapidjson::Document body;
  body.Parse(last().body.c_str());
  const auto& parts = body["contents"][0]["parts"];
  EXPECT_THAT(parts[0]["text"].GetString(), HasSubstr("The language is de."));
  EXPECT_STREQ(parts[1]["inlineData"]["mimeType"].GetString(), "audio/wav");
  // A WAV header of 44 bytes around 01 02 03 04.
  const std::string base64 = parts[1]["inlineData"]["data"].GetString();
  EXPECT_EQ(base64.size(), 64u);
  EXPECT_TRUE(base64.starts_with("UklGR") && base64.ends_with("ZGF0YQQAAAABAgME")) << base64;
  EXPECT_EQ(at("/text"), "\"Guten Tag. Ja.\"");
  EXPECT_EQ(at("/language"), "\"de\"");
  EXPECT_EQ(at("/segments"),
            R"([{"start_s":0.5,"end_s":2.0,"text":"Guten Tag."},{"start_s":0.0,"end_s":0.0,"text":"Ja."}])");
  EXPECT_EQ(output["duration_s"].GetDouble(), 2.5) << "32 tokens a second";
  EXPECT_EQ(outcome.meters["usd"], 150) << "three seconds";
}

TEST_F(Transcribe, SaysWhyGeminiWroteNothing) {
  make_asset();
  const auto answer = [this](const std::string& body) {
    host.on_http("POST", "/v1beta/models/gemini-2.5-flash:generateContent", sdk::FakeReply(200, body));
    hear("gemini");
    EXPECT_EQ(outcome.hint.empty(), outcome.ok());
    return outcome.code;
  };
  EXPECT_EQ(answer(R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}})"), "voice.content_refused");
  EXPECT_THAT(outcome.message, HasSubstr("no transcript because of PROHIBITED_CONTENT"));
  EXPECT_EQ(answer(R"({"candidates":[{"finishReason":"OTHER"}]})"), "voice.no_transcript");
  EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL));
  EXPECT_EQ(
      answer(R"({"candidates":[{"finishReason":"MAX_TOKENS","content":{"parts":[{"text":"{\"segments\":["}]}}]})"),
      "voice.audio_too_large");
  EXPECT_EQ(answer(gemini_answer("Guten Tag.")), "voice.garbage");
  EXPECT_EQ(answer("[]"), "voice.garbage");
  EXPECT_EQ(answer(gemini_answer(R"({"language":"de","segments":[]})")), "");
  EXPECT_EQ(at("/text"), "\"\"") << "nobody said anything";
}

TEST_F(Transcribe, LeavesToTheOthersWhatGeminiDoesNotHear) {
  make_asset();
  const auto before = host.requests().size();
  hear("gemini", "", R"({"transcribe":{"model":"m","max_bytes":47}})");
  EXPECT_EQ(outcome.code, "voice.audio_too_large");
  host.on_http("GET", "https://files.example/a.webm", sdk::FakeReply(200, "webm"));
  run("transcribe", "gemini", R"({"audio_url":"https://files.example/a.webm"})");
  EXPECT_EQ(outcome.code, "voice.media_type_not_taken");
  EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT));
  EXPECT_EQ(host.requests().size(), before + 1);
}

class TranscribeUrl : public Transcribe {
 protected:
  static constexpr const char* kUrl = "https://files.example/talk.mp3?x=1";
  const sdk::Outcome& hear_url(const std::string& url = kUrl) {
    return run("transcribe", "openai", R"({"audio_url":")" + url + "\"}");
  }
};

TEST_F(TranscribeUrl, LetsTheHostFetchTheFileWithoutACredential) {
  host.on_http("GET", kUrl, sdk::FakeReply(200, "ID3"));
  host.on_http("POST", "/v1/audio/transcriptions", sdk::FakeReply(200, R"({"duration":1,"text":"Hi."})"));
  ASSERT_TRUE(hear_url().ok()) << outcome.message;
  ASSERT_EQ(host.requests().size(), 2u);
  const auto& fetch = host.requests()[0];
  EXPECT_EQ(fetch.credential, "-");
  EXPECT_EQ(fetch.max_bytes, 50'000'000u);
  EXPECT_EQ(fetch.flags, std::uint32_t{TR_HTTP_TO_ASSET});
  EXPECT_EQ(last().body_assets, std::vector<std::string>{"asset-1"});
  EXPECT_THAT(last().body, HasSubstr("filename=\"audio.mp3\"\r\nContent-Type: audio/mpeg\r\n"))
      << "its server says nothing of its type";
}

TEST_F(TranscribeUrl, SaysWhyThereIsNoFileAndAsksNobodyElse) {
  host.on_http("GET", kUrl, sdk::FakeReply(404, "gone"));
  hear_url();
  EXPECT_EQ(outcome.code, "voice.audio_not_fetched");
  EXPECT_THAT(outcome.message, HasSubstr("talk.mp3?x=1 answers with HTTP status 404"));
  EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL));
  EXPECT_FALSE(outcome.has_flag(TR_OUT_PROVIDER)) << "that is no fault of OpenAI";
  host.on_http("GET", kUrl, sdk::FakeReply::failure(TR_PERMISSION_DENIED, "egress_refused", "a private address"));
  hear_url();
  EXPECT_EQ(outcome.code, "egress_refused");
  EXPECT_EQ(outcome.status, TR_PERMISSION_DENIED);
  EXPECT_EQ(host.requests().size(), 2u) << "nothing was sent to OpenAI";
}

TEST_F(TranscribeUrl, RefusesWhatIsNoAudio) {
  host.on_http("GET", "https://files.example/page", sdk::FakeReply(200, "<html>"));
  hear_url("https://files.example/page");
  EXPECT_EQ(outcome.code, "voice.media_type_not_taken");
  outcome = host.run("transcribe", "{}",
                     sdk::CallOptions().backend("openai", "https://x.example", R"({"transcribe":{"model":"m"}})"));
  EXPECT_EQ(outcome.code, "voice.one_source");
}

TEST_F(Transcribe, PassesAFileThatIsTooLargeToTheNext) {
  make_asset();
  const auto before = host.requests().size();
  hear("openai", "", R"({"transcribe":{"model":"whisper-1","max_bytes":47}})");
  EXPECT_EQ(outcome.code, "voice.audio_too_large");
  EXPECT_THAT(outcome.message, HasSubstr("48 bytes; OpenAI takes at most 47"));
  EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT));
  EXPECT_EQ(host.requests().size(), before);
}

TEST_F(Transcribe, TellsErrorsAsSpeechDoes) {
  make_asset();
  host.on_http("POST", "/v1/audio/transcriptions",
               sdk::FakeReply(429, R"({"error":{"message":"x","type":"t","param":null,"code":"insufficient_quota"}})"));
  hear("openai");
  EXPECT_EQ(outcome.code, "voice.quota_exceeded");
  host.on_http("POST", "/v1/audio/transcriptions", sdk::FakeReply(200, R"({"text":5})"));
  hear("openai");
  EXPECT_EQ(outcome.code, "voice.garbage");
  EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL));
}

}  // namespace
}  // namespace toolrack::voice::testing
