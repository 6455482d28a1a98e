#include "api.hpp"

#include <algorithm>
#include <utility>

#include "errors.hpp"

namespace toolrack::kraken {
namespace {

constexpr std::uint32_t kFinal = TR_OUT_FINAL;
constexpr std::chrono::milliseconds kShortest{1};
constexpr std::chrono::milliseconds kLongest{20'000};

HttpRequest request_of(std::string method, std::string path) {
  HttpRequest request(std::move(method), std::move(path));
  request.header("user-agent", "toolrack-kraken/1.0").header("accept", "application/json");
  return request;
}

HttpRequest form_request(std::string_view name, const Form& form) {
  HttpRequest request = request_of("POST", "/0/private/" + std::string(name));
  request.header("content-type", "application/x-www-form-urlencoded").body(form.body());
  return request;
}

/// The first entry that is no warning; entries are "E..." or "W...".
const rapidjson::Value* first_error(const rapidjson::Value* errors) {
  if (errors == nullptr || !errors->IsArray()) return nullptr;
  for (const rapidjson::Value& each : errors->GetArray())
    if (each.IsString() && each.GetStringLength() > 0 && each.GetString()[0] != 'W') return &each;
  return nullptr;
}

std::string list_of(const rapidjson::Value& errors) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  errors.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

/// An answer without Kraken's own words, mostly from what stands before it.
Reply wordless(const Reply& answer, const Action* action) {
  const Reply told = Reply::provider(answer);
  const std::int64_t status = answer.number();
  const std::string reason = answer.ok() ? "Kraken answered with a body that is none of its own"
                                         : "Kraken answered " + std::to_string(status) + " without an explanation";
  const bool is_refused = status >= 400 && status < 500 && status != 408;
  if (!is_refused) {
    if (action != nullptr) return may_have_acted(TR_UNAVAILABLE, reason, *action);
    Reply reply = Reply::error(TR_UNAVAILABLE, answer.ok() ? "kraken.garbage" : "kraken.unavailable", reason,
                               "Try again later; system_status says whether Kraken works.");
    reply.add_flags(TR_OUT_PROVIDER);
    if (!answer.ok()) reply.details(told.details().str());
    reply.retry_after(answer.retry_after());
    return reply;
  }
  Reply reply;
  if (status == 429) {
    reply = Reply::error(TR_RESOURCE_EXHAUSTED, "kraken.rate_limited", reason,
                         "Wait for the time given, then ask less often.");
    const std::chrono::nanoseconds usual = std::chrono::seconds(60);
    reply.retry_after(answer.retry_after().count() > 0 ? answer.retry_after() : usual);
  } else if (status == 401 || status == 403) {
    reply = Reply::error(TR_PERMISSION_DENIED, "kraken.forbidden", reason,
                         "Check the API key and which addresses it may be used from.");
  } else {
    reply = Reply::error(TR_INVALID_ARGUMENT, "kraken.rejected", reason, "Check the input.");
  }
  reply.details(told.details().str());
  if (action != nullptr) reply.add_flags(kFinal);
  return reply;
}

/// No answer came.
Reply unanswered(const Reply& answer, const Action* action) {
  Reply told = Reply::provider(answer);
  if (action == nullptr) return told;
  if ((answer.result_flags() & TR_RESULT_NOT_SENT) != 0) return told;
  // What was cancelled while it was on its way may have arrived as well. Who has left does not hear it; who only ran
  // out of time does.
  const tr_status status = answer.status() == TR_CANCELLED ? TR_DEADLINE_EXCEEDED : answer.status();
  return may_have_acted(status, "Kraken's answer got lost: " + answer.message().str(), *action);
}

}  // namespace

Form& Form::add(std::string_view name, std::string_view value) {
  if (!body_.empty()) body_ += '&';
  body_ += HttpRequest::percent_encode(name) + '=' + HttpRequest::percent_encode(value);
  return *this;
}

HttpRequest public_request(std::string_view name) {
  HttpRequest request = request_of("GET", "/0/public/" + std::string(name));
  request.no_credential();
  return request;
}

HttpRequest private_request(std::string_view name, const Form& form) {
  HttpRequest request = form_request(name, form);
  request.idempotent();
  return request;
}

HttpRequest action_request(const Call& call, std::string_view name, const Form& form) {
  HttpRequest request = form_request(name, form);
  request.no_retry().no_redirect();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call.remaining());
  const auto for_telling = std::min<std::chrono::milliseconds>(left / 4, std::chrono::seconds(1));
  // 0 would mean the provider's own time, which is right for a call without a deadline alone.
  if (call.deadline()) request.timeout(std::clamp(left - for_telling, kShortest, kLongest));
  return request;
}

void Said::put_warnings(Writer& writer) const {
  const rapidjson::Value* const errors = at(document_, "/error");
  if (errors != nullptr && errors->IsArray() && !errors->Empty()) put(writer, "warnings", errors, As::kTexts);
}

Reply may_have_acted(tr_status status, const std::string& reason, const Action& action) {
  Reply reply = Reply::error(status == TR_OK ? TR_UNAVAILABLE : status, "kraken.may_have_acted",
                             reason + "; " + action.what, action.how_to_check + " Do not send it again before.");
  reply.add_flags(TR_OUT_PROVIDER | kFinal);
  return reply;
}

Reply refusal(std::string_view words, const rapidjson::Value* all_words, const Action* action,
              std::chrono::nanoseconds now) {
  const Meaning meaning = meaning_of(words, now);
  const bool is_unsure = action != nullptr && meaning.is_unsure;
  std::string message = "Kraken says: " + std::string(words);
  std::string hint = meaning.hint;
  if (is_unsure) {
    message += "; " + action->what + " all the same";
    hint = action->how_to_check + " Do not send it again before.";
  }
  Reply reply = Reply::error(meaning.status, meaning.code, std::move(message), std::move(hint));
  if (meaning.is_krakens()) reply.add_flags(TR_OUT_PROVIDER);
  if (action != nullptr) reply.add_flags(kFinal);
  // Who is told to look first is not told when to send it again.
  if (meaning.wait.count() > 0 && !is_unsure) reply.retry_after(meaning.wait);
  if (all_words != nullptr) reply.details("{\"errors\":" + list_of(*all_words) + "}");
  return reply;
}

std::optional<Said> read_said(const Reply& answer, const Action* action, std::chrono::nanoseconds now, Reply& why) {
  if (answer.status() != TR_OK) {
    why = unanswered(answer, action);
    return std::nullopt;
  }
  constexpr unsigned kHow =
      rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  rapidjson::Document document;
  document.Parse<kHow>(answer.body().data(), answer.body().size());
  const bool is_envelope = !document.HasParseError() && document.IsObject();
  if (is_envelope) {
    const rapidjson::Value* const errors = at(document, "/error");
    if (const rapidjson::Value* const error = first_error(errors); error != nullptr) {
      Reply reply = refusal({error->GetString(), error->GetStringLength()}, errors, action, now);
      if (reply.status() == TR_RESOURCE_EXHAUSTED && answer.retry_after().count() > 0)
        reply.retry_after(answer.retry_after());
      why = reply;
      return std::nullopt;
    }
    const rapidjson::Value* const result = at(document, "/result");
    if (answer.ok() && result != nullptr && result->IsObject()) return Said(std::move(document));
  }
  why = wordless(answer, action);
  return std::nullopt;
}

Reply Output::reply(const Said& said) {
  said.put_warnings(writer_);
  writer_.EndObject();
  return Reply::json({buffer_.GetString(), buffer_.GetSize()});
}

}  // namespace toolrack::kraken
