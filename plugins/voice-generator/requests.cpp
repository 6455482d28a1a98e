#include "requests.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <toolrack/json_text.hpp>

namespace toolrack::voice {
namespace {

constexpr const char* kUserAgent = "toolrack-voice-generator/1.0";

std::string number(double value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.Double(value);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string elevenlabs_body(const Plan& plan) {
  std::string body = "{\"text\":" + json_quote(plan.text) + ",\"model_id\":" + json_quote(plan.model.id);
  // ISO 639-1: no region.
  if (!plan.language.empty()) body += ",\"language_code\":" + json_quote(plan.language.substr(0, 2));
  if (plan.speed != 1) body += ",\"voice_settings\":{\"speed\":" + number(plan.speed) + "}";
  return body + "}";
}

std::string openai_body(const Plan& plan) {
  std::string body = "{\"model\":" + json_quote(plan.model.id) + ",\"input\":" + json_quote(plan.text) +
                     ",\"voice\":" + json_quote(plan.voice) + ",\"response_format\":" + json_quote(plan.format->wire);
  if (plan.speed != 1) body += ",\"speed\":" + number(plan.speed);
  return body + "}";
}

std::string gemini_body(const Plan& plan) {
  std::string speech = R"({"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":)" + json_quote(plan.voice) + "}}";
  if (!plan.language.empty()) speech += ",\"languageCode\":" + json_quote(plan.language);
  return R"({"contents":[{"parts":[{"text":)" + json_quote(plan.text) +
         R"(}]}],"generationConfig":{"responseModalities":["AUDIO"],"speechConfig":)" + speech + "}}}";
}

HttpRequest once(std::string path, std::string body) {
  HttpRequest request("POST", std::move(path));
  request.header("user-agent", kUserAgent).json(std::move(body)).no_retry().no_redirect();
  return request;
}

}  // namespace

HttpRequest speech_request(const Plan& plan) {
  const std::string name = "speech." + std::string(plan.format->name);
  if (plan.provider == Provider::kElevenLabs) {
    HttpRequest request = once("/v1/text-to-speech/" + HttpRequest::percent_encode(plan.voice), elevenlabs_body(plan));
    request.query("output_format", plan.format->wire).to_asset(name, plan.format->media_type);
    return request;
  }
  if (plan.provider == Provider::kOpenAi) {
    HttpRequest request = once("/v1/audio/speech", openai_body(plan));
    request.to_asset(name, plan.format->media_type);
    return request;
  }
  // Twenty minutes of speech, the most a model makes, are 80 MB of base64.
  constexpr std::uint64_t kMostBytes = 120'000'000;
  HttpRequest request =
      once("/v1beta/models/" + HttpRequest::percent_encode(plan.model.id) + ":generateContent", gemini_body(plan));
  request.max_bytes(kMostBytes);
  return request;
}

HttpRequest voices_request(const std::string& search, const std::string& page, std::int64_t limit) {
  HttpRequest request("GET", "/v2/voices");
  request.header("user-agent", kUserAgent).query("page_size", std::to_string(limit));
  if (!search.empty()) request.query("search", search);
  if (!page.empty()) request.query("next_page_token", page);
  return request;
}

}  // namespace toolrack::voice
