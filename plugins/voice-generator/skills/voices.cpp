/// The voices of the provider that answers, described alike.
#include <toolrack/json_text.hpp>

#include <algorithm>
#include <string>

#include "catalog.hpp"
#include "errors.hpp"
#include "json.hpp"
#include "requests.hpp"
#include "skills/skills.hpp"

namespace toolrack::voice {
namespace {

constexpr std::int64_t kUsualPage = 50;

/// {id, name, languages, gender, description, preview_url}.
std::string voice_json(const rapidjson::Value& voice, const char* id, const std::string& languages,
                       const char* gender) {
  return "{\"id\":" + json_quote(text_at(voice, id)) + ",\"name\":" + quote_or_null(text_at(voice, "/name")) +
         ",\"languages\":[" + languages + "],\"gender\":" + quote_or_null(text_at(voice, gender)) +
         ",\"description\":" + quote_or_null(text_at(voice, "/description")) +
         ",\"preview_url\":" + quote_or_null(text_at(voice, "/preview_url")) + "}";
}

/// Each once, in the order in which it comes.
std::string languages_of(const rapidjson::Value& voice) {
  std::string out;
  const auto add = [&out](const std::string& language) {
    if (language.empty() || out.find(json_quote(language)) != std::string::npos) return;
    out += (out.empty() ? "" : ",") + json_quote(language);
  };
  add(text_at(voice, "/labels/language"));
  const rapidjson::Value* const verified = at(voice, "/verified_languages");
  if (verified == nullptr || !verified->IsArray()) return out;
  for (const rapidjson::Value& each : verified->GetArray()) add(text_at(each, "/language"));
  return out;
}

std::string page_json(const Call& call, const std::string& voices, const std::string& next) {
  return "{\"provider\":" + json_quote(view(call.backend().provider)) + ",\"voices\":[" + voices +
         "],\"next_page\":" + quote_or_null(next) + "}";
}

bool has_word(const rapidjson::Value& voice, const std::string& search) {
  const auto lower = [](std::string text) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    std::transform(text.begin(), text.end(), text.begin(), small);
    return text;
  };
  const std::string in = text_at(voice, "/id") + '\n' + text_at(voice, "/name") + '\n' + text_at(voice, "/description");
  return lower(in).find(lower(search)) != std::string::npos;
}

/// The manifest lists them, so there is one page.
Reply fixed_voices(const Call& call, const rapidjson::Value& voices, const std::string& search) {
  std::string out;
  for (const rapidjson::Value& each : voices.GetArray()) {
    if (!search.empty() && !has_word(each, search)) continue;
    out += (out.empty() ? "" : ",") + voice_json(each, "/id", "", "/gender");
  }
  return Reply::json(page_json(call, out, ""));
}

}  // namespace

Task list_voices(Call call) {
  const rapidjson::Document input = parse(call.input());
  const std::string search = text_at(input, "/search");
  const Catalog catalog(view(call.backend().options_json));
  if (catalog.has_fixed_voices()) co_return fixed_voices(call, *catalog.voices(), search);

  const HttpRequest request = voices_request(search, text_at(input, "/page"), number_at(input, "/limit", kUsualPage));
  const Reply answer = co_await call.http(request);
  if (!answer.ok()) co_return failure(Provider::kElevenLabs, answer);
  const rapidjson::Document document = parse(answer.body());
  const rapidjson::Value* const voices = at(document, "/voices");
  if (voices == nullptr || !voices->IsArray()) {
    Reply reply = Reply::error(TR_UNAVAILABLE, "voice.garbage", "ElevenLabs answered with a body that lists no voices",
                               "Try again later.");
    reply.add_flags(TR_OUT_PROVIDER);
    co_return reply;
  }
  std::string out;
  for (const rapidjson::Value& each : voices->GetArray()) {
    if (text_at(each, "/voice_id").empty()) continue;
    out += (out.empty() ? "" : ",") + voice_json(each, "/voice_id", languages_of(each), "/labels/gender");
  }
  const rapidjson::Value* const has_more = at(document, "/has_more");
  const bool goes_on = has_more != nullptr && has_more->IsTrue();
  co_return Reply::json(page_json(call, out, goes_on ? text_at(document, "/next_page_token") : ""));
}

}  // namespace toolrack::voice
