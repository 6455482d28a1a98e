#include "transcript_request.hpp"

#include <toolrack/json_text.hpp>

#include <string_view>
#include <utility>

namespace toolrack::voice {
namespace {

/// A multipart/form-data body, part by part.
class Form {
 public:
  Form(HttpRequest& request, std::uint64_t chance)
      : request_(request), boundary_("toolrack-" + std::to_string(chance) + "-form") {
    request_.header("content-type", "multipart/form-data; boundary=" + boundary_);
  }
  void add(std::string_view name, std::string_view value) {
    request_.body(head(name) + "\r\n\r\n" + std::string(value) + "\r\n");
  }
  void add_asset(std::string_view name, std::string_view file, std::string_view media_type, std::string_view id) {
    request_.body(head(name) + "; filename=\"" + std::string(file) + "\"\r\nContent-Type: " + std::string(media_type) +
                  "\r\n\r\n");
    request_.body_asset(id).body("\r\n");
  }
  void end() { request_.body("--" + boundary_ + "--\r\n"); }

 private:
  std::string head(std::string_view name) const {
    return "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"";
  }
  HttpRequest& request_;
  std::string boundary_;
};

void fill_form(Form form, const TranscriptAsk& ask, const AudioFile& file) {
  const bool is_openai = ask.provider == Provider::kOpenAi;
  form.add(is_openai ? "model" : "model_id", ask.model);
  if (!ask.language.empty()) form.add(is_openai ? "language" : "language_code", ask.language);
  if (is_openai) form.add("response_format", "verbose_json");
  form.add_asset("file", "audio." + file.extension, file.media_type, file.id);
  form.end();
}

/// As Gemini calls what it hears; null for what it does not.
const char* gemini_type(std::string_view extension) {
  constexpr std::pair<std::string_view, const char*> kTypes[] = {
      {"mp3", "audio/mp3"}, {"wav", "audio/wav"}, {"flac", "audio/flac"}, {"ogg", "audio/ogg"}};
  for (const auto& [name, type] : kTypes)
    if (name == extension) return type;
  return nullptr;
}

/// Before the audio's base64. A model is told in words what the others do by themselves.
std::string gemini_head(const std::string& language, const char* type) {
  std::string words =
      "Write down word for word what is said in this recording, in the language that is spoken. Cut it into "
      "sentences or phrases, each with its beginning and end in seconds. Translate, shorten and add nothing; "
      "where nothing is said, give no segments. language is the ISO 639-1 code of what is spoken.";
  if (!language.empty()) words += " The language is " + language + ".";
  return R"({"contents":[{"role":"user","parts":[{"text":)" + json_quote(words) + R"(},{"inlineData":{"mimeType":")" +
         type + R"(","data":")";
}
constexpr const char* kGeminiTail =
    R"("}}]}],"generationConfig":{"temperature":0,"thinkingConfig":{"thinkingBudget":0},)"
    R"("responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{)"
    R"("language":{"type":"STRING"},"segments":{"type":"ARRAY","items":{"type":"OBJECT","properties":{)"
    R"("start_s":{"type":"NUMBER"},"end_s":{"type":"NUMBER"},"text":{"type":"STRING"}},)"
    R"("required":["start_s","end_s","text"]}}},"required":["language","segments"]}}})";

}  // namespace

bool is_heard_by_gemini(const AudioFile& file) { return gemini_type(file.extension) != nullptr; }

HttpRequest transcript_request(TranscriptAsk ask, const AudioFile& file, std::uint64_t chance) {
  std::string path = "/v1/speech-to-text";
  if (ask.provider == Provider::kOpenAi) path = "/v1/audio/transcriptions";
  if (ask.provider == Provider::kGemini)
    path = "/v1beta/models/" + HttpRequest::percent_encode(ask.model) + ":generateContent";
  HttpRequest request("POST", path);
  request.header("user-agent", "toolrack-voice-generator/1.0").no_retry().no_redirect();
  if (ask.provider != Provider::kGemini) {
    fill_form(Form(request, chance), ask, file);
    return request;
  }
  request.header("content-type", "application/json").body(gemini_head(ask.language, gemini_type(file.extension)));
  request.body(std::move(ask.base64)).body(kGeminiTail);
  return request;
}

}  // namespace toolrack::voice
