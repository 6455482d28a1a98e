#include "api.hpp"

#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>

namespace toolrack::github {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::int64_t kPageSize = 100;

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// GitHub's message and the particulars in errors[], whose items are objects or strings.
std::string words_of(const rapidjson::Document& said) {
  std::string out = text_at(said, "/message");
  const rapidjson::Value* const errors = rapidjson::Pointer("/errors").Get(said);
  if (errors == nullptr || !errors->IsArray()) return out;
  for (const rapidjson::Value& error : errors->GetArray()) {
    std::string words;
    if (error.IsString()) words = error.GetString();
    if (error.IsObject()) {
      words = text_at(error, "/message");
      if (words.empty())
        words = text_at(error, "/resource") + "." + text_at(error, "/field") + " " + text_at(error, "/code");
    }
    if (!words.empty()) out += (out.empty() ? "" : "; ") + words;
  }
  return out;
}

/// How long GitHub asks to wait: Retry-After, else the time at which an exhausted limit begins anew.
std::chrono::nanoseconds wait_of(const Reply& answer, std::chrono::nanoseconds now) {
  if (answer.retry_after().count() > 0) return answer.retry_after();
  const auto left = number_of(answer.header("x-ratelimit-remaining"));
  const auto reset = number_of(answer.header("x-ratelimit-reset"));
  if (!left || *left != 0 || !reset) return std::chrono::nanoseconds(0);
  const std::chrono::nanoseconds wait = std::chrono::seconds(*reset) - now;
  return std::max<std::chrono::nanoseconds>(wait, std::chrono::seconds(1));
}

struct Kind {
  tr_status status;
  const char* code;
  const char* hint;
};

Kind kind_of(std::int64_t http_status, bool is_limited, std::string_view words) {
  if (is_limited) return {TR_RESOURCE_EXHAUSTED, "github.rate_limited", "Wait for the time given, then try again."};
  switch (http_status) {
    case 401:
      return {TR_UNAUTHENTICATED, "github.bad_credentials", "Check the token: it may have expired or been revoked."};
    case 403:
      return {TR_PERMISSION_DENIED, "github.forbidden", "Give the token the permission that the message names."};
    case 404:
    case 410:
      return {TR_NOT_FOUND, "github.not_found",
              "Check owner, repository and name; a private repository looks like this to a token without access."};
    case 409:
      return {TR_ABORTED, "github.conflict", "Somebody was faster: read the file or branch again, then try once more."};
    case 422:
      if (words.find("already exists") != std::string_view::npos)
        return {TR_ALREADY_EXISTS, "github.already_exists", "Use the one that is there, or choose another name."};
      return {TR_INVALID_ARGUMENT, "github.rejected", "Read what GitHub says and change the input."};
    default:
      break;
  }
  if (http_status >= 500) return {TR_UNAVAILABLE, "github.unavailable", "Try again later."};
  if (http_status >= 300 && http_status < 400)
    return {TR_NOT_FOUND, "github.moved", "The repository has moved: ask for it by its new name."};
  return {TR_INVALID_ARGUMENT, "github.rejected", "Read what GitHub says and change the input."};
}

}  // namespace

const rapidjson::Value* Input::find(const char* name) const {
  if (!document_.IsObject()) return nullptr;
  const auto member = document_.FindMember(name);
  return member == document_.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

std::string Input::text(const char* name, std::string_view fallback) const {
  const rapidjson::Value* const value = find(name);
  if (value == nullptr || !value->IsString()) return std::string(fallback);
  return {value->GetString(), value->GetStringLength()};
}

std::int64_t Input::number(const char* name, std::int64_t fallback) const {
  const rapidjson::Value* const value = find(name);
  if (value != nullptr && value->IsInt64()) return value->GetInt64();
  // JSON Schema calls 5.0 an integer.
  if (value != nullptr && value->IsDouble()) return static_cast<std::int64_t>(value->GetDouble());
  return fallback;
}

bool Input::flag(const char* name, bool fallback) const {
  const rapidjson::Value* const value = find(name);
  return value != nullptr && value->IsBool() ? value->GetBool() : fallback;
}

std::optional<std::string> escape_path(std::string_view path) {
  std::string out;
  for (;;) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return std::nullopt;
    out += HttpRequest::percent_encode(segment);
    if (slash == std::string_view::npos) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string repo_path(const Input& input) {
  const auto owner = escape_path(input.text("owner"));
  const auto repo = escape_path(input.text("repo"));
  if (!owner || !repo) return {};
  return "/repos/" + *owner + "/" + *repo;
}

Reply bad_name(std::string_view what, std::string_view value) {
  return Reply::error(
      TR_INVALID_ARGUMENT, "github.bad_name",
      "\"" + std::string(value) + "\" is no " + std::string(what) + ": it has an empty part, \".\" or \"..\"",
      "Write it as GitHub shows it, without a slash at its begin or end.");
}

HttpRequest api_request(std::string method, std::string path) {
  HttpRequest request(std::move(method), std::move(path));
  request.header("user-agent", "toolrack-github/1.0")
      .header("accept", "application/vnd.github+json")
      .header("x-github-api-version", "2022-11-28");
  return request;
}

Reply failure(const Reply& answer, std::chrono::nanoseconds now) {
  const Reply told = Reply::provider(answer);
  if (answer.status() != TR_OK) return told;
  rapidjson::Document said;
  said.Parse<rapidjson::kParseValidateEncodingFlag>(answer.body().data(), answer.body().size());
  const std::string words = said.HasParseError() || !said.IsObject() ? std::string() : words_of(said);
  const auto wait = wait_of(answer, now);
  const bool is_limited =
      answer.number() == 429 ||
      (answer.number() == 403 && (wait.count() > 0 || words.find("rate limit") != std::string::npos));
  const Kind kind = kind_of(answer.number(), is_limited, words);
  std::string message = "GitHub answered " + std::to_string(answer.number());
  message += words.empty() ? " without an explanation" : ": " + words;
  Reply reply = Reply::error(kind.status, kind.code, std::move(message), kind.hint);
  // A refusal of what was asked is no failure of GitHub's: the status alone says whose it is.
  const bool is_githubs = kind.status == TR_UNAVAILABLE;
  reply.add_flags(is_githubs ? told.outcome_flags() : told.outcome_flags() & ~std::uint32_t{TR_OUT_PROVIDER});
  if (!told.details().empty()) reply.details(told.details().str());
  if (is_limited) reply.retry_after(wait.count() > 0 ? wait : std::chrono::nanoseconds(std::chrono::seconds(60)));
  return reply;
}

std::optional<rapidjson::Document> read_json(const Reply& answer, Reply& why) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag>(answer.body().data(),
                                                                                         answer.body().size());
  if (!document.HasParseError()) return document;
  why = Reply::error(TR_UNAVAILABLE, "github.garbage",
                     "GitHub answered " + std::to_string(answer.number()) + " with a body that is no JSON",
                     "Try again later; a proxy in between may have answered.");
  why.add_flags(TR_OUT_PROVIDER);
  return std::nullopt;
}

std::string pick(const rapidjson::Value& from, const PickList& list) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  for (const Picked& each : list) {
    writer.Key(each.name);
    const rapidjson::Value* const value = rapidjson::Pointer(each.pointer).Get(from);
    if (value == nullptr)
      writer.Null();
    else
      value->Accept(writer);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string text_at(const rapidjson::Value& from, const char* pointer) {
  const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(from);
  if (value == nullptr || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

bool has_next_page(const Reply& answer) { return answer.header("link").find("rel=\"next\"") != std::string_view::npos; }

Async<Reply> list(Call call, ListQuery query, const PickList* picked) {
  std::string items;
  std::int64_t count = 0;
  bool has_more = true;
  const std::int64_t size = std::min(query.limit, kPageSize);
  for (std::int64_t page = 1; has_more && count < query.limit; ++page) {
    HttpRequest request = api_request("GET", query.path);
    request.query("per_page", std::to_string(size)).query("page", std::to_string(page));
    const Reply answer = co_await call.http(request);
    if (!answer.ok()) co_return failure(answer, call.unix_time());
    Reply why;
    const auto document = read_json(answer, why);
    if (!document) co_return why;
    const rapidjson::Value* const rows = rapidjson::Pointer(query.array).Get(*document);
    if (rows == nullptr || !rows->IsArray() || rows->Empty()) {
      has_more = false;
      break;
    }
    has_more = has_next_page(answer);
    for (const rapidjson::Value& row : rows->GetArray()) {
      if (count == query.limit) {
        has_more = true;
        break;
      }
      if (count++ > 0) items += ',';
      items += pick(row, *picked);
    }
  }
  co_return Reply::json("{\"" + query.name + "\":[" + items + "],\"count\":" + std::to_string(count) +
                        ",\"truncated\":" + (has_more ? "true" : "false") + "}");
}

}  // namespace toolrack::github
