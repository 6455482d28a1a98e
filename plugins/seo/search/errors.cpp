#include "search/errors.hpp"

#include "search/json.hpp"

#include <toolrack/json_text.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

namespace toolrack::seo {
namespace {

using std::chrono::seconds;

struct RefusalRow {
  Provider provider;
  const char* name;  // DataForSEO: its code. Serper: a part of its message. Both: an HTTP status.
  tr_status status;
  const char* code;
  const char* hint;
  std::uint32_t flags;
  seconds wait{0};  // Where the provider names none.
};

// Refused before any work: another provider may take over, and nothing was charged.
constexpr std::uint32_t kRefused = TR_OUT_NEXT | TR_OUT_NOT_BILLED;
// It tried: a search does no harm when another provider does it again.
constexpr std::uint32_t kFailed = TR_OUT_PROVIDER | TR_OUT_NEXT;
constexpr auto kSerp = Provider::kSerper;
constexpr auto kData = Provider::kDataForSeo;
constexpr const char* kKey = "Check this provider's credential.";
constexpr const char* kMay = "Check in the provider's dashboard what this account may do.";
constexpr const char* kTopUp = "Top up the account at the provider, or use another provider.";
constexpr const char* kWait = "Wait for the time given, then try again.";
constexpr const char* kLater = "Try again later, or use another provider.";
constexpr const char* kInput = "Read what the provider says and change the input.";

// clang-format off
constexpr RefusalRow kRefusals[] = {
    {kSerp, "Not enough credits", TR_PAYMENT_REQUIRED, "seo.quota_exceeded", kTopUp, kRefused},
    {kSerp, "400", TR_INVALID_ARGUMENT, "seo.rejected", kInput, kRefused},
    {kSerp, "401", TR_UNAUTHENTICATED, "seo.bad_key", kKey, kRefused},
    {kSerp, "402", TR_PAYMENT_REQUIRED, "seo.quota_exceeded", kTopUp, kRefused},
    {kSerp, "403", TR_UNAUTHENTICATED, "seo.bad_key", kKey, kRefused},
    {kSerp, "429", TR_RESOURCE_EXHAUSTED, "seo.rate_limited", kWait, kRefused, seconds(1)},
    {kData, "40100", TR_UNAUTHENTICATED, "seo.bad_key", kKey, kRefused},
    {kData, "40101", TR_UNAVAILABLE, "seo.unavailable", "The search engine gave it an error; try again.", kFailed, seconds(30)},
    {kData, "40103", TR_UNAVAILABLE, "seo.unavailable", kLater, kFailed, seconds(30)},
    {kData, "40104", TR_PERMISSION_DENIED, "seo.forbidden", "Verify the account in the provider's dashboard.", kRefused},
    {kData, "40200", TR_PAYMENT_REQUIRED, "seo.quota_exceeded", kTopUp, kRefused},
    {kData, "40201", TR_PERMISSION_DENIED, "seo.forbidden", kMay, kRefused},
    {kData, "40202", TR_RESOURCE_EXHAUSTED, "seo.rate_limited", kWait, kRefused, seconds(60)},
    {kData, "40203", TR_PAYMENT_REQUIRED, "seo.quota_exceeded", "Raise the account's daily limit at the provider, or go on tomorrow.", kRefused},
    {kData, "40204", TR_PERMISSION_DENIED, "seo.forbidden", kMay, kRefused},
    {kData, "40207", TR_PERMISSION_DENIED, "seo.forbidden", "Add this gateway's address to those that the account allows.", kRefused},
    {kData, "40209", TR_RESOURCE_EXHAUSTED, "seo.rate_limited", kWait, kRefused, seconds(5)},
    {kData, "40210", TR_PAYMENT_REQUIRED, "seo.quota_exceeded", kTopUp, kRefused},
    {kData, "40501", TR_INVALID_ARGUMENT, "seo.rejected", kInput, kRefused},
    {kData, "40502", TR_INVALID_ARGUMENT, "seo.rejected", kInput, kRefused},
    {kData, "40503", TR_INVALID_ARGUMENT, "seo.rejected", kInput, kRefused},
    {kData, "40506", TR_INVALID_ARGUMENT, "seo.rejected", kInput, kRefused},
    {kData, "40602", TR_UNAVAILABLE, "seo.unavailable", "It is still at work; try again.", kFailed, seconds(10)},
    {kData, "50000", TR_UNAVAILABLE, "seo.unavailable", kLater, kFailed},
    {kData, "50301", TR_UNAVAILABLE, "seo.unavailable", kLater, kFailed, seconds(30)},
    {kData, "50303", TR_UNAVAILABLE, "seo.unavailable", "It is being updated; try again later.", kFailed, seconds(60)},
    {kData, "50401", TR_UNAVAILABLE, "seo.unavailable", kLater, kFailed, seconds(30)},
    {kData, "401", TR_UNAUTHENTICATED, "seo.bad_key", kKey, kRefused},
    {kData, "402", TR_PAYMENT_REQUIRED, "seo.quota_exceeded", kTopUp, kRefused},
    {kData, "429", TR_RESOURCE_EXHAUSTED, "seo.rate_limited", kWait, kRefused, seconds(60)},
};
// What no row names, by the hundreds of the code.
constexpr RefusalRow kOtherInput = {kData, "4xxxx", TR_INVALID_ARGUMENT, "seo.rejected", kInput, kRefused};
constexpr RefusalRow kOtherAccount = {kData, "402xx", TR_PERMISSION_DENIED, "seo.forbidden", kMay, kRefused};
constexpr RefusalRow kOtherFailure = {kData, "5xxxx", TR_UNAVAILABLE, "seo.unavailable", kLater, kFailed};
// clang-format on

constexpr std::int64_t kOk = 20000, kNoResults = 40102;

const RefusalRow* row_of(Provider provider, std::string_view name) {
  for (const RefusalRow& each : kRefusals)
    if (each.provider == provider && name == each.name) return &each;
  return nullptr;
}

const RefusalRow* row_of_code(std::int64_t code) {
  if (const RefusalRow* const row = row_of(kData, std::to_string(code)); row != nullptr) return row;
  if (code >= 50000 && code < 60000) return &kOtherFailure;
  if (code >= 40200 && code < 40300) return &kOtherAccount;
  return code >= 40000 && code < 50000 ? &kOtherInput : nullptr;
}

/// What a provider says, and which row that is; no row: as the HTTP status has it.
struct Said {
  const RefusalRow* row = nullptr;
  std::string name, message;
};

/// {"message", "statusCode"}.
Said said_by_serper(const rapidjson::Value& body) {
  Said said;
  said.message = text_at(body, "/message");
  for (const RefusalRow& each : kRefusals) {
    if (each.provider != kSerp || said.message.find(each.name) == std::string::npos) continue;
    const bool is_words = each.name[0] > '9';
    if (!is_words) continue;
    said.row = &each;
    said.name = each.name;
  }
  return said;
}

/// The code of the request, where it says that all is well that of the task; nothing when there is none.
std::optional<std::int64_t> code_of(const rapidjson::Value& body) {
  const auto code = integer_at(body, "/status_code");
  return code == kOk ? integer_at(body, "/tasks/0/status_code") : code;
}

Said said_by_dataforseo(const rapidjson::Value& body) {
  Said said;
  const auto code = code_of(body);
  if (!code || *code == kOk) return said;
  said.row = row_of_code(*code);
  said.name = std::to_string(*code);
  const bool is_tasks = integer_at(body, "/status_code") == kOk;
  said.message = text_at(body, is_tasks ? "/tasks/0/status_message" : "/status_message");
  return said;
}

Reply told(const RefusalRow& row, const Said& said, const Reply& answer) {
  std::string words = said.message;
  if (words.empty()) words = "HTTP status " + std::to_string(answer.number());
  Reply reply = Reply::error(row.status, row.code, std::string(title_of(row.provider)) + " says: " + words, row.hint);
  reply.add_flags(row.flags);
  std::string details = "{\"http_status\":" + std::to_string(answer.number());
  if (!said.name.empty()) details += ",\"error\":" + json_quote(said.name);
  reply.details(details + "}");
  const auto wait = answer.retry_after();
  reply.retry_after(wait.count() > 0 ? wait : std::chrono::nanoseconds(row.wait));
  return reply;
}

}  // namespace

bool is_without_results(const rapidjson::Value& body) { return code_of(body) == kNoResults; }

std::optional<Reply> refusal(Provider provider, const Reply& answer, const rapidjson::Value& body) {
  if (answer.status() != TR_OK) return Reply::provider(answer);
  Said said = provider == kSerp ? said_by_serper(body) : said_by_dataforseo(body);
  if (answer.ok()) {
    if (provider == kSerp || is_without_results(body)) return std::nullopt;
    if (said.row != nullptr) return told(*said.row, said, answer);
    if (!code_of(body)) return garbage(provider, "a body that has no status code");
    if (!said.name.empty()) return garbage(provider, "the unknown status code " + said.name);
    return std::nullopt;
  }
  if (said.row == nullptr) said.row = row_of(provider, std::to_string(answer.number()));
  if (said.row == nullptr) return Reply::provider(answer);
  return told(*said.row, said, answer);
}

}  // namespace toolrack::seo
