#include "transcript.hpp"

#include <toolrack/json_text.hpp>

#include <algorithm>

#include "json.hpp"

namespace toolrack::voice {
namespace {

/// Not negative, and no more than ten hours: what is charged by.
double seconds_at(const rapidjson::Value& from, const char* pointer) {
  constexpr double kMost = 36'000;
  const rapidjson::Value* const value = at(from, pointer);
  return value != nullptr && value->IsNumber() ? std::clamp(value->GetDouble(), 0.0, kMost) : 0;
}

class Segments {
 public:
  void add(double start_s, double end_s, const std::string& text) {
    json_ += (json_.size() > 1 ? "," : "") + std::string("{\"start_s\":") + std::to_string(start_s) +
             ",\"end_s\":" + std::to_string(end_s) + ",\"text\":" + json_quote(text) + "}";
  }
  std::string json() const { return json_ + "]"; }

 private:
  std::string json_ = "[";
};

Transcript begin(const rapidjson::Value& body, const char* language) {
  Transcript transcript;
  const rapidjson::Value* const text = at(body, "/text");
  transcript.is_one = text != nullptr && text->IsString();
  transcript.text = text_at(body, "/text");
  transcript.language = text_at(body, language);
  return transcript;
}

/// What the model wrote, its thoughts aside.
std::string written_by_gemini(const rapidjson::Value& body) {
  std::string out;
  const rapidjson::Value* const parts = at(body, "/candidates/0/content/parts");
  if (parts == nullptr || !parts->IsArray()) return out;
  for (const rapidjson::Value& each : parts->GetArray()) {
    const rapidjson::Value* const thought = at(each, "/thought");
    if (thought == nullptr || !thought->IsTrue()) out += text_at(each, "/text");
  }
  return out;
}

/// Of the audio, from what was charged for it; 0 when that is not told.
double seconds_by_tokens(const rapidjson::Value& body) {
  constexpr double kTokensPerSecond = 32, kMost = 36'000;
  const rapidjson::Value* const details = at(body, "/usageMetadata/promptTokensDetails");
  if (details == nullptr || !details->IsArray()) return 0;
  for (const rapidjson::Value& each : details->GetArray()) {
    if (text_at(each, "/modality") != "AUDIO") continue;
    return std::clamp(static_cast<double>(number_at(each, "/tokenCount")) / kTokensPerSecond, 0.0, kMost);
  }
  return 0;
}

const rapidjson::Value* list_at(const rapidjson::Value& body, const char* pointer) {
  const rapidjson::Value* const list = at(body, pointer);
  return list != nullptr && list->IsArray() ? list : nullptr;
}

}  // namespace

Transcript openai_transcript(const rapidjson::Value& body) {
  Transcript transcript = begin(body, "/language");
  transcript.duration_s = seconds_at(body, "/duration");
  Segments segments;
  if (const rapidjson::Value* const list = list_at(body, "/segments"); list != nullptr) {
    for (const rapidjson::Value& each : list->GetArray()) {
      std::string text = text_at(each, "/text");
      text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
      segments.add(seconds_at(each, "/start"), seconds_at(each, "/end"), text);
    }
  }
  transcript.segments = segments.json();
  return transcript;
}

Transcript elevenlabs_transcript(const rapidjson::Value& body) {
  Transcript transcript = begin(body, "/language_code");
  Segments segments;
  std::string sentence;
  double start_s = 0;
  if (const rapidjson::Value* const list = list_at(body, "/words"); list != nullptr) {
    for (const rapidjson::Value& each : list->GetArray()) {
      const std::string word = text_at(each, "/text");
      if (sentence.empty() && text_at(each, "/type") == "spacing") continue;
      if (sentence.empty()) start_s = seconds_at(each, "/start");
      sentence += word;
      transcript.duration_s = std::max(transcript.duration_s, seconds_at(each, "/end"));
      if (word.empty() || std::string_view(".!?").find(word.back()) == std::string_view::npos) continue;
      segments.add(start_s, transcript.duration_s, sentence);
      sentence.clear();
    }
  }
  if (!sentence.empty()) segments.add(start_s, transcript.duration_s, sentence);
  transcript.segments = segments.json();
  return transcript;
}

Transcript gemini_transcript(const rapidjson::Value& body) {
  Transcript transcript;
  const rapidjson::Document document = parse(written_by_gemini(body));
  const rapidjson::Value* const list = document.IsObject() ? list_at(document, "/segments") : nullptr;
  transcript.is_one = list != nullptr;
  if (!transcript.is_one) return transcript;
  transcript.language = text_at(document, "/language");
  Segments segments;
  double end_s = 0;
  for (const rapidjson::Value& each : list->GetArray()) {
    const std::string text = text_at(each, "/text");
    if (text.empty()) continue;
    transcript.text += (transcript.text.empty() ? "" : " ") + text;
    segments.add(seconds_at(each, "/start_s"), seconds_at(each, "/end_s"), text);
    end_s = std::max(end_s, seconds_at(each, "/end_s"));
  }
  transcript.segments = segments.json();
  transcript.duration_s = seconds_by_tokens(body);
  if (transcript.duration_s <= 0) transcript.duration_s = end_s;
  return transcript;
}

}  // namespace toolrack::voice
