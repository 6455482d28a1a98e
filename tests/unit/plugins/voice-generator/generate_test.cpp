#include <gmock/gmock.h>

#include "unit/plugins/voice-generator/voice_host.hpp"

namespace toolrack::voice::testing {
namespace {

using ::testing::HasSubstr;

class GenerateVoice : public VoiceHost {
 protected:
  static sdk::FakeReply gemini(const std::string& base64, const std::string& type = "audio/L16;codec=pcm;rate=24000") {
    return sdk::FakeReply(200, R"({"candidates":[{"content":{"parts":[{"text":"spoken"},{"inlineData":{"mimeType":")" +
                                   type + R"(","data":")" + base64 + R"("}}]},"finishReason":"STOP"}]})");
  }
  /// Nothing was sent, and another provider may be tried.
  void expect_refusal(const char* provider, const std::string& input, const char* code, const char* words) {
    const auto before = host.requests().size();
    speak(provider, input);
    EXPECT_EQ(outcome.code, code) << input;
    EXPECT_EQ(outcome.status, TR_INVALID_ARGUMENT) << input;
    EXPECT_THAT(outcome.message, HasSubstr(words)) << input;
    EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT)) << input;
    EXPECT_TRUE(outcome.has_flag(TR_OUT_NOT_BILLED)) << input;
    EXPECT_FALSE(outcome.has_flag(TR_OUT_PROVIDER)) << "it is not the provider's fault";
    EXPECT_EQ(host.requests().size(), before);
  }
};

TEST_F(GenerateVoice, AsksElevenLabsAsItWantsToBeAsked) {
  speech("elevenlabs", sdk::FakeReply(200, "the audio"));
  ASSERT_TRUE(speak("elevenlabs", R"({"text":"H\u00e4\"llo","voice":"a/b","language":"de-DE","format":"opus",
      "speed":0.75,"model":"eleven_flash_v2_5"})")
                  .ok())
      << outcome.message;
  EXPECT_EQ(last().url, "/v1/text-to-speech/a%2Fb?output_format=opus_48000_128");
  EXPECT_EQ(last().body,
            "{\"text\":\"H\xC3\xA4\\\"llo\",\"model_id\":\"eleven_flash_v2_5\",\"language_code\":\"de\","
            "\"voice_settings\":{\"speed\":0.75}}");
  EXPECT_EQ(last().flags, std::uint32_t{TR_HTTP_NO_RETRY | TR_HTTP_NO_REDIRECT | TR_HTTP_TO_ASSET});
  EXPECT_EQ(host.asset(1), "the audio");
  EXPECT_EQ(at("/audio_asset/bytes"), "9");
  EXPECT_EQ(at("/characters"), "6") << "not bytes";
  EXPECT_EQ(at("/voice"), "\"a/b\"");
  EXPECT_EQ(at("/format"), "\"opus\"");
  EXPECT_EQ(at("/duration_s"), "null");
}

TEST_F(GenerateVoice, AsksOpenAiAsItWantsToBeAsked) {
  speech("openai", sdk::FakeReply(200, std::string(96'000, '\1')));
  ASSERT_TRUE(speak("openai", R"({"text":"Hello","voice":"coral","format":"pcm","speed":4,"model":"tts-1-hd"})").ok());
  EXPECT_EQ(last().body, R"({"model":"tts-1-hd","input":"Hello","voice":"coral","response_format":"pcm","speed":4.0})");
  EXPECT_EQ(last().flags, std::uint32_t{TR_HTTP_NO_RETRY | TR_HTTP_NO_REDIRECT | TR_HTTP_TO_ASSET});
  EXPECT_EQ(output["duration_s"].GetDouble(), 2) << "24 kHz, 16 bit";
  EXPECT_EQ(at("/provider"), "\"openai\"");
}

TEST_F(GenerateVoice, TakesTheDefaultsOfEachProvider) {
  speech("openai", sdk::FakeReply(200, "x"));
  ASSERT_TRUE(speak("openai").ok());
  EXPECT_EQ(last().body, R"({"model":"gpt-4o-mini-tts","input":"Hello","voice":"alloy","response_format":"mp3"})");
  speech("elevenlabs", sdk::FakeReply(200, "x"));
  ASSERT_TRUE(speak("elevenlabs").ok());
  EXPECT_EQ(last().body, R"({"text":"Hello","model_id":"eleven_multilingual_v2"})");
  EXPECT_THAT(last().url, HasSubstr("output_format=mp3_44100_128"));
  speech("gemini", gemini("AAA="));
  ASSERT_TRUE(speak("gemini").ok()) << outcome.message;
  EXPECT_EQ(last().url, "/v1beta/models/gemini-2.5-flash-preview-tts:generateContent");
  EXPECT_EQ(at("/format"), "\"wav\"") << "Gemini makes no MP3";
  EXPECT_EQ(at("/voice"), "\"Kore\"");
}

TEST_F(GenerateVoice, MakesAWavOfGeminisSamples) {
  speech("gemini", gemini("AQIDBA=="));
  ASSERT_TRUE(speak("gemini", R"({"text":"Hello","voice":"Puck","language":"de-DE"})").ok()) << outcome.message;
  EXPECT_EQ(last().body,
            R"({"contents":[{"parts":[{"text":"Hello"}]}],"generationConfig":{"responseModalities":["AUDIO"],)"
            R"("speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Puck"}},"languageCode":"de-DE"}}})");
  const std::string wav = host.asset(1).value_or("");
  using namespace std::string_literals;
  EXPECT_EQ(wav, "RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\xC0\x5D\0\0\x80\xBB\0\0\2\0\x10\0data\4\0\0\0\1\2\3\4"s);
  EXPECT_EQ(at("/audio_asset/media_type"), "\"audio/wav\"");
  EXPECT_EQ(last().flags, std::uint32_t{TR_HTTP_NO_RETRY | TR_HTTP_NO_REDIRECT});
}

TEST_F(GenerateVoice, GivesGeminisSamplesWithoutAHeaderAsPcm) {
  speech("gemini", gemini("AQIDBA=="));
  ASSERT_TRUE(speak("gemini", R"({"text":"Hello","format":"pcm"})").ok()) << outcome.message;
  EXPECT_EQ(host.asset(1), "\1\2\3\4");
}

TEST_F(GenerateVoice, KeepsNothingOfWhatIsNoAudioOfGeminis) {
  for (const auto& reply : {gemini("A*=="), gemini("AAAAA"), gemini(""), gemini("AAAA", "audio/mpeg"),
                            gemini("AAAA", "audio/L16;rate=24000;channels=2"), gemini("AAAA", "audio/L16"),
                            sdk::FakeReply(200, "<html>")}) {
    speech("gemini", reply);
    speak("gemini");
    EXPECT_EQ(outcome.code, "voice.garbage") << reply.body();
    EXPECT_TRUE(outcome.has_flag(TR_OUT_PROVIDER)) << reply.body();
    EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL)) << "it was paid: " << reply.body();
    EXPECT_EQ(host.asset(1), std::nullopt) << reply.body();
  }
}

TEST_F(GenerateVoice, RefusesWhatAProviderCannotDoBeforeItIsAsked) {
  const auto text = [](int size, const std::string& more = "") {
    return R"({"text":")" + std::string(static_cast<std::size_t>(size), 'x') + "\"" + more + "}";
  };
  expect_refusal("openai", text(4097), "voice.text_too_long",
                 "4097 characters; gpt-4o-mini-tts of OpenAI takes at most 4096");
  expect_refusal("elevenlabs", text(10'001), "voice.text_too_long", "at most 10000");
  expect_refusal("elevenlabs", text(5001, R"(,"model":"eleven_v3")"), "voice.text_too_long", "at most 5000");
  expect_refusal("gemini", text(8001), "voice.text_too_long", "at most 8000");
  expect_refusal("openai", text(1, R"(,"voice":"Kore")"), "voice.unknown_voice", "OpenAI has no voice \"Kore\"");
  expect_refusal("gemini", text(1, R"(,"voice":"alloy")"), "voice.unknown_voice", "Gemini has no voice \"alloy\"");
  expect_refusal("gemini", text(1, R"(,"format":"mp3")"), "voice.format_not_offered", "Gemini does not make mp3");
  expect_refusal("elevenlabs", text(1, R"(,"format":"flac")"), "voice.format_not_offered",
                 "ElevenLabs does not make flac");
  expect_refusal("elevenlabs", text(1, R"(,"speed":1.5)"), "voice.speed_not_offered", "from 0.7 to 1.2, not 1.5");
  expect_refusal("gemini", text(1, R"(,"speed":0.9)"), "voice.speed_not_offered", "from 1 to 1, not 0.9");
  expect_refusal("openai", text(1, R"(,"language":"de")"), "voice.language_not_offered", "takes no language");
  expect_refusal("gemini", text(1, R"(,"language":"de")"), "voice.language_not_offered", "with its region");
  expect_refusal("openai", text(1, R"(,"model":"eleven_v3")"), "voice.unknown_model", "no model \"eleven_v3\"");
}

TEST_F(GenerateVoice, CountsCharactersAndNotBytes) {
  std::string text;
  for (int i = 0; i < 4096; ++i) text += "\xC3\xA4";
  speech("openai", sdk::FakeReply(200, "x"));
  EXPECT_TRUE(speak("openai", R"({"text":")" + text + "\"}").ok());
  EXPECT_EQ(at("/characters"), "4096");
}

TEST_F(GenerateVoice, IsNotAskedAgainWhereTheAnswerGotLost) {
  for (const auto* provider : {"elevenlabs", "openai", "gemini"}) {
    speech(provider, sdk::FakeReply::failure(TR_UNAVAILABLE, "connection_lost", "cut", TR_RESULT_MAYBE_SENT));
    speak(provider);
    EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL)) << provider;
    EXPECT_FALSE(outcome.has_flag(TR_OUT_NEXT)) << provider;
    speech(provider, sdk::FakeReply::failure(TR_UNAVAILABLE, "connect_failed", "no", TR_RESULT_NOT_SENT));
    speak(provider);
    EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT)) << provider;
  }
}

}  // namespace
}  // namespace toolrack::voice::testing
