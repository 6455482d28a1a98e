#include "errors.hpp"

#include <toolrack/json_text.hpp>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "json.hpp"

namespace toolrack::voice {
namespace {

using std::chrono::seconds;

struct Row {
  Provider provider;
  const char* name;  // The provider's own word: a code, a status or a reason.
  tr_status status;
  const char* code;
  const char* hint;
  std::uint32_t flags = 0;
  seconds wait{0};  // Where the provider names none.
};

// Refused before any work: another provider may take over, and nothing was charged.
constexpr std::uint32_t kNext = TR_OUT_NEXT | TR_OUT_NOT_BILLED;
constexpr std::uint32_t kTheirs = TR_OUT_PROVIDER | kNext;
constexpr auto kEleven = Provider::kElevenLabs;
constexpr auto kOpen = Provider::kOpenAi;
constexpr auto kGem = Provider::kGemini;
constexpr const char* kKey = "Check this provider's API key and what it may do.";
constexpr const char* kTopUp = "Top up the account at the provider, or use another provider.";
constexpr const char* kWait = "Wait for the time given, then try again.";
constexpr const char* kVoice = "list_voices shows the voices of a provider; leave voice out for its default.";
constexpr const char* kModel = "Leave model out, or name one that this account may use.";
constexpr const char* kLonger = "Cut the text into several calls.";
constexpr const char* kPolicy = "Change the content: the provider does not work on this.";
constexpr const char* kLater = "Try again later, or use another provider.";

// clang-format off
constexpr Row kRows[] = {
    {kEleven, "invalid_api_key", TR_UNAUTHENTICATED, "voice.bad_key", kKey, kNext},
    {kEleven, "needs_authorization", TR_UNAUTHENTICATED, "voice.bad_key", kKey, kNext},
    {kEleven, "missing_permissions", TR_PERMISSION_DENIED, "voice.forbidden", kKey, kNext},
    {kEleven, "detected_unusual_activity", TR_PERMISSION_DENIED, "voice.forbidden", "Free use is blocked for this account or address.", kNext},
    {kEleven, "quota_exceeded", TR_RESOURCE_EXHAUSTED, "voice.quota_exceeded", kTopUp, kTheirs},
    {kEleven, "voice_not_found", TR_NOT_FOUND, "voice.unknown_voice", kVoice},
    {kEleven, "invalid_uid", TR_NOT_FOUND, "voice.unknown_voice", kVoice},
    {kEleven, "model_not_found", TR_NOT_FOUND, "voice.unknown_model", kModel},
    {kEleven, "max_character_limit_exceeded", TR_INVALID_ARGUMENT, "voice.text_too_long", kLonger, kNext},
    {kEleven, "unsupported_language", TR_INVALID_ARGUMENT, "voice.language_not_offered", "Leave language out, or use another model.", kNext},
    {kEleven, "output_format_not_allowed", TR_PERMISSION_DENIED, "voice.forbidden", "This account may not make that format; use mp3.", kNext},
    {kEleven, "content_against_policy", TR_INVALID_ARGUMENT, "voice.content_refused", kPolicy},
    {kEleven, "too_many_concurrent_requests", TR_RESOURCE_EXHAUSTED, "voice.rate_limited", kWait, kTheirs, seconds(5)},
    {kEleven, "system_busy", TR_UNAVAILABLE, "voice.unavailable", kLater, kTheirs, seconds(5)},
    {kOpen, "invalid_api_key", TR_UNAUTHENTICATED, "voice.bad_key", kKey, kNext},
    {kOpen, "insufficient_quota", TR_RESOURCE_EXHAUSTED, "voice.quota_exceeded", kTopUp, kTheirs},
    {kOpen, "rate_limit_exceeded", TR_RESOURCE_EXHAUSTED, "voice.rate_limited", kWait, kTheirs, seconds(20)},
    {kOpen, "model_not_found", TR_NOT_FOUND, "voice.unknown_model", kModel},
    {kOpen, "string_above_max_length", TR_INVALID_ARGUMENT, "voice.text_too_long", kLonger, kNext},
    {kOpen, "content_policy_violation", TR_INVALID_ARGUMENT, "voice.content_refused", kPolicy},
    {kOpen, "unsupported_country_region_territory", TR_PERMISSION_DENIED, "voice.forbidden", kKey, kNext},
    {kGem, "API_KEY_INVALID", TR_UNAUTHENTICATED, "voice.bad_key", kKey, kNext},
    {kGem, "UNAUTHENTICATED", TR_UNAUTHENTICATED, "voice.bad_key", kKey, kNext},
    {kGem, "PERMISSION_DENIED", TR_PERMISSION_DENIED, "voice.forbidden", kKey, kNext},
    {kGem, "FAILED_PRECONDITION", TR_PERMISSION_DENIED, "voice.forbidden", "The account needs billing, or is in a place that is not served.", kNext},
    {kGem, "RESOURCE_EXHAUSTED", TR_RESOURCE_EXHAUSTED, "voice.rate_limited", kWait, kTheirs, seconds(30)},
    {kGem, "NOT_FOUND", TR_NOT_FOUND, "voice.unknown_model", kModel},
    {kGem, "UNAVAILABLE", TR_UNAVAILABLE, "voice.unavailable", kLater, kTheirs},
    {kGem, "SAFETY", TR_INVALID_ARGUMENT, "voice.content_refused", kPolicy},
    {kGem, "PROHIBITED_CONTENT", TR_INVALID_ARGUMENT, "voice.content_refused", kPolicy},
    {kGem, "BLOCKLIST", TR_INVALID_ARGUMENT, "voice.content_refused", kPolicy},
    {kGem, "RECITATION", TR_INVALID_ARGUMENT, "voice.content_refused", kPolicy},
    {kGem, "SPII", TR_INVALID_ARGUMENT, "voice.content_refused", kPolicy},
    {kGem, "LANGUAGE", TR_INVALID_ARGUMENT, "voice.language_not_offered", "The model does not speak the language of the text."},
    {kGem, "MAX_TOKENS", TR_INVALID_ARGUMENT, "voice.text_too_long", kLonger},
};
// clang-format on

const Row* find_row(Provider provider, std::string_view name) {
  for (const Row& each : kRows)
    if (each.provider == provider && name == each.name) return &each;
  return nullptr;
}

struct Said {
  std::string name, message;
  std::chrono::nanoseconds wait{0};
};

/// {"detail": {"status", "message"}}, {"detail": [{"loc", "msg", "type"}]} or {"detail": "words"}.
Said elevenlabs_said(const rapidjson::Value& body) {
  Said said;
  said.name = text_at(body, "/detail/status");
  if (find_row(kEleven, said.name) == nullptr) {
    if (const std::string code = text_at(body, "/detail/code"); !code.empty()) said.name = code;
  }
  for (const char* const place : {"/detail/message", "/detail/0/msg", "/detail"})
    if (said.message.empty()) said.message = text_at(body, place);
  return said;
}

/// {"error": {"message", "type", "param", "code"}}; a type stands in for a code that is null.
Said openai_said(const rapidjson::Value& body) {
  Said said;
  said.name = text_at(body, "/error/code");
  if (said.name.empty()) said.name = text_at(body, "/error/type");
  said.message = text_at(body, "/error/message");
  return said;
}

/// {"error": {"code", "message", "status", "details": [{"reason"} or {"retryDelay": "32s"}]}}.
Said gemini_said(const rapidjson::Value& body) {
  Said said;
  said.name = text_at(body, "/error/status");
  said.message = text_at(body, "/error/message");
  const rapidjson::Value* const details = at(body, "/error/details");
  if (details == nullptr || !details->IsArray()) return said;
  for (const rapidjson::Value& each : details->GetArray()) {
    if (const std::string reason = text_at(each, "/reason"); find_row(kGem, reason) != nullptr) said.name = reason;
    const double delay_s = std::strtod(text_at(each, "/retryDelay").c_str(), nullptr);
    constexpr double kLongest = 86'400;
    if (delay_s > 0 && delay_s <= kLongest) said.wait = seconds(static_cast<std::int64_t>(std::ceil(delay_s)));
  }
  return said;
}

Said said_by(Provider provider, const rapidjson::Value& body) {
  if (provider == kEleven) return elevenlabs_said(body);
  return provider == kOpen ? openai_said(body) : gemini_said(body);
}

Reply told(const Row& row, std::string message) {
  Reply reply = Reply::error(row.status, row.code, std::move(message), row.hint);
  reply.add_flags(row.flags);
  return reply;
}

}  // namespace

Reply failure(Provider provider, const Reply& answer) {
  Reply usual = Reply::provider(answer);
  if (answer.status() != TR_OK) return usual;
  const rapidjson::Document body = parse(answer.body());
  const Said said = said_by(provider, body);
  const Row* const row = find_row(provider, said.name);
  if (row == nullptr) return usual;
  const std::string words = said.message.empty() ? said.name : said.message;
  Reply reply = told(*row, std::string(title_of(provider)) + " says: " + words);
  reply.details("{\"http_status\":" + std::to_string(answer.number()) + ",\"error\":" + json_quote(said.name) + "}");
  std::chrono::nanoseconds wait = answer.retry_after();
  if (wait.count() <= 0) wait = said.wait.count() > 0 ? said.wait : row->wait;
  reply.retry_after(wait);
  return reply;
}

Reply silence(const std::string& reason, const std::string& work) {
  const Row* const row = find_row(kGem, reason);
  const std::string why = reason.empty() ? std::string("without a reason") : "because of " + reason;
  if (row != nullptr) return told(*row, "Gemini made no " + work + " " + why);
  Reply reply = Reply::error(TR_UNAVAILABLE, "voice.no_" + work, "Gemini made no " + work + " " + why, kLater);
  // It may have been charged: not a second time without being asked.
  reply.add_flags(TR_OUT_PROVIDER | TR_OUT_FINAL);
  return reply;
}

}  // namespace toolrack::voice
