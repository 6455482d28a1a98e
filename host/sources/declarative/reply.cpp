#include "sources/declarative/reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/utf8.hpp"
#include "registry/json_text.hpp"
#include "services/http/url.hpp"
#include "services/upstream/retry.hpp"

namespace toolrack::sources::declarative {

namespace http = services::http;
namespace json = base::json;
using base::Error;
using base::ErrorCode;
using base::ErrorType;
using base::fail;
using base::Result;

namespace {

constexpr json::Limits kLimits{.max_bytes = 16 << 20, .max_depth = 64, .max_values = 1'000'000};

std::string unescape(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool is_escape = token[i] == '~' && i + 1 < token.size();
    out += is_escape ? (token[++i] == '1' ? '/' : '~') : token[i];
  }
  return out;
}

/// RFC 6901 over text.
std::string_view text_below(std::string_view text, std::string_view pointer) {
  while (!pointer.empty() && !text.empty()) {
    const auto end = pointer.find('/', 1);
    const auto token = unescape(pointer.substr(1, end == std::string_view::npos ? end : end - 1));
    pointer = end == std::string_view::npos ? std::string_view() : pointer.substr(end);
    if (text.front() == '{') {
      text = registry::member_text(text, token);
    } else if (text.front() == '[') {
      const auto items = registry::item_texts(text);
      std::size_t index = 0;
      const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
      const bool is_index = read.ec == std::errc() && read.ptr == token.data() + token.size();
      text = is_index && index < items.size() ? items[index] : std::string_view();
    } else {
      return {};
    }
  }
  return text;
}

std::string map_members(const ResultRule& rule, std::string_view text) {
  if (rule.map.empty()) return std::string(text);
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  for (const auto& [name, pointer] : rule.map) {
    const auto value = text_below(text, pointer);
    if (value.empty()) continue;  // What a provider leaves out is left out.
    json::key(writer, name);
    json::raw(writer, value);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

tl::unexpected<Error> nothing_at(std::string_view pointer, std::string_view what) {
  return fail(ErrorCode::kProviderError,
              fmt::format("The provider's reply has no {} at {}", what, pointer.empty() ? "its root" : pointer));
}

/// What a status means when no rule says better.
Error by_status(int status, std::string message) {
  switch (status) {
    case 401:
    case 403:
      return Error(ErrorCode::kProviderError, std::move(message)).with_type(ErrorType::kAuth);
    case 402:
      return Error(ErrorCode::kProviderError, std::move(message)).with_type(ErrorType::kBilling);
    case 404:
    case 410:
      return Error(ErrorCode::kToolError, std::move(message)).with_type(ErrorType::kNotFound);
    case 400:
    case 409:
    case 422:
      return Error(ErrorCode::kToolError, std::move(message)).with_type(ErrorType::kValidation);
    case 429:
      return Error(ErrorCode::kProviderUnavailable, std::move(message)).with_type(ErrorType::kRateLimit);
    default:
      break;
  }
  // Not 408: what a caller asked for took too long, and that is not held against the provider.
  return {status >= 500 ? ErrorCode::kProviderUnavailable : ErrorCode::kProviderError, std::move(message)};
}

std::optional<double> to_number(std::string_view text) {
  double out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !(out >= 0)) return std::nullopt;
  return out;
}

/// Of hints that a stranger wrote: none beyond a day.
std::optional<std::chrono::nanoseconds> to_wait(double seconds) {
  constexpr double kDay = 86'400;
  if (!(seconds > 0) || seconds > kDay) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

/// The number that follows `rule.after` in a text, or the value as it is.
std::optional<double> find_seconds(const WaitRule& rule, const Reply& reply) {
  const auto* value = reply.at(rule.pointer);
  if (value == nullptr) return std::nullopt;
  if (value->IsNumber()) return value->GetDouble();
  if (!value->IsString()) return std::nullopt;
  auto text = json::view(*value);
  if (rule.after.empty()) return to_number(text);
  const auto at = text.find(rule.after);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + rule.after.size());
  return to_number(text.substr(0, text.find_first_not_of("0123456789.")));
}

std::optional<std::chrono::nanoseconds> find_wait(const Program& program, const ErrorRule* rule, const Reply& reply,
                                                  std::int64_t now_unix_ns) {
  if (rule != nullptr && rule->wait) {
    if (const auto seconds = find_seconds(*rule->wait, reply)) return to_wait(*seconds);
  }
  if (const auto asked = services::upstream::retry_after(reply.response(), now_unix_ns))
    return to_wait(std::chrono::duration<double>(*asked).count());
  if (!program.rate) return std::nullopt;
  const auto number = to_number(reply.header(program.rate->header));
  if (!number) return std::nullopt;
  switch (program.rate->unit) {
    case RateRule::Unit::kMilliseconds:
      return to_wait(*number / 1e3);
    case RateRule::Unit::kUnix:
      return to_wait(*number - static_cast<double>(now_unix_ns) / 1e9);
    case RateRule::Unit::kSeconds:
      break;
  }
  return to_wait(*number);
}

bool matches(const ErrorRule& rule, const Reply& reply) {
  if (rule.status && *rule.status != reply.response().status) return false;
  if (rule.pointer.empty()) return true;
  const auto* value = reply.at(rule.pointer);
  if (value == nullptr || (value->IsNull() && !rule.equals)) return false;
  return !rule.equals || json::canonical(*value) == *rule.equals;
}

const ErrorRule* find_rule(const Program& program, const Reply& reply) {
  for (const auto& rule : program.errors)
    if (matches(rule, reply)) return &rule;
  return nullptr;
}

/// Up to some hundred bytes of a body, cut where a character ends.
std::string beginning(std::string_view body) {
  constexpr std::size_t kMost = 400;
  auto text = body.substr(0, kMost);
  while (!text.empty() && !base::is_utf8(text) && body.size() - text.size() < body.size()) {
    text.remove_suffix(1);
    if (text.size() + 4 < std::min(body.size(), kMost)) return {};  // It is broken elsewhere.
  }
  return std::string(text);
}

std::string details_of(const Reply& reply) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "status");
  writer.Int(reply.response().status);
  if (const auto text = beginning(reply.response().body); !text.empty()) {
    json::key(writer, "reply");
    json::put(writer, text);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

std::string message_of(const ErrorRule* rule, const Reply& reply, std::string otherwise) {
  if (rule == nullptr || !rule->message) return otherwise;
  const auto find = [&](std::string_view pointer) { return reply.at(pointer); };
  return rule->message->expand(Place::kText, find).value_or(std::move(otherwise));
}

}  // namespace

Reply Reply::read(http::Response response, bool is_text) {
  Reply out;
  out.response_ = std::move(response);
  const auto& body = out.response_.body;
  if (is_text && out.response_.status < 300) {
    if (!base::is_utf8(body)) out.fault_ = "it is no UTF-8 text";
    return out;
  }
  auto parsed = body.empty() ? json::parse("{}") : json::parse(body, kLimits);
  if (!parsed) {
    out.fault_ = parsed.error().message();
    return out;
  }
  out.document_ = std::make_unique<json::Document>(std::move(*parsed));
  out.text_ = body.empty() ? "{}" : registry::compact(body);
  return out;
}

const json::Value* Reply::at(std::string_view pointer) const {
  return document_ == nullptr ? nullptr : json::at(*document_, pointer);
}

std::string_view Reply::text_at(std::string_view pointer) const { return text_below(text_, pointer); }

std::string_view Reply::header(std::string_view name) const noexcept {
  for (const auto& header : response_.headers)
    if (header.name == name) return header.value;
  return {};
}

std::optional<std::chrono::milliseconds> find_wait(const Program& program, const Reply& reply,
                                                   std::int64_t now_unix_ns) {
  const auto wait = find_wait(program, find_rule(program, reply), reply, now_unix_ns);
  return wait ? std::optional(std::chrono::ceil<std::chrono::milliseconds>(*wait)) : std::nullopt;
}

std::optional<Error> find_failure(const Program& program, const Reply& reply, std::string_view provider,
                                  std::int64_t now_unix_ns) {
  const auto status = reply.response().status;
  const auto* rule = find_rule(program, reply);
  const bool is_success = status >= 200 && status < 300;
  const auto who = provider.empty() ? std::string_view("The provider") : provider;
  if (rule == nullptr && is_success) {
    if (reply.response().cut)
      return Error(ErrorCode::kProviderError, fmt::format("{} answered with more than can be read", who));
    if (!reply.fault().empty())
      return Error(ErrorCode::kProviderError,
                   fmt::format("{} answered with what cannot be read: {}", who, reply.fault()));
    return std::nullopt;
  }
  auto error = by_status(is_success ? 0 : status, message_of(rule, reply, fmt::format("{} answered {}", who, status)));
  // A refusal in an answer that says 200 is the skill's failure: asking again, or another provider, is not called for.
  if (is_success) error = Error(ErrorCode::kToolError, error.message());
  // NOLINTBEGIN(bugprone-use-after-move): with_type() and its kin change the error where it is.
  if (rule != nullptr) {
    if (!rule->hint.empty()) std::move(error).with_hint(rule->hint);
    if (rule->type) std::move(error).with_type(*rule->type);
    error.with_name(rule->code);
  }
  if (const auto wait = find_wait(program, rule, reply, now_unix_ns)) std::move(error).with_retry_after(*wait);
  return std::move(error).with_details(details_of(reply));
  // NOLINTEND(bugprone-use-after-move)
}

Result<std::string> make_output(const Program& program, const Reply& reply) {
  if (program.result.is_text) return fmt::format("{{\"text\":{}}}", json::quote(reply.response().body));
  const auto text = reply.text_at(program.result.pointer);
  if (text.empty()) return nothing_at(program.result.pointer, "result");
  return map_members(program.result, text);
}

base::Money find_cost(const CostRule& rule, const Reply& reply, const Template::Find& find) {
  constexpr double kMostUnits = 1e9;
  constexpr std::int64_t kParts = 1000;  // Of a unit.
  const auto text = rule.units.expand(
      Place::kText, [&](std::string_view name) { return name.starts_with('/') ? reply.at(name) : find(name); });
  const auto units = std::min((text ? to_number(*text) : std::nullopt).value_or(rule.otherwise), kMostUnits);
  const auto parts = static_cast<__int128>(std::llround(units * kParts));
  const auto micros = (parts * rule.usd.micros() + kParts - 1) / kParts;
  return base::Money::from_micros(static_cast<std::int64_t>(std::min<__int128>(micros, INT64_MAX / 1000)));
}

Result<std::vector<std::string>> list_items(const Program& program, const Reply& reply) {
  const auto text = reply.text_at(program.page->items);
  if (text.empty() || text.front() != '[') return nothing_at(program.page->items, "array");
  std::vector<std::string> out;
  for (const auto item : registry::item_texts(text)) {
    const auto part = text_below(item, program.result.pointer);
    if (part.empty()) return nothing_at(program.page->items + "/*" + program.result.pointer, "item");
    out.push_back(map_members(program.result, part));
  }
  return out;
}

namespace {

/// The target of rel="next" in one field value: `<url>; a=b; rel="next prev", <url> ...`.
std::string_view find_next(std::string_view value) {
  while (!value.empty()) {
    const auto open = value.find('<');
    const auto close = open == std::string_view::npos ? open : value.find('>', open);
    if (close == std::string_view::npos) return {};
    const auto target = value.substr(open + 1, close - open - 1);
    // To the comma that is in no quotes.
    auto end = close + 1;
    for (bool is_quoted = false; end < value.size() && (is_quoted || value[end] != ','); ++end)
      if (value[end] == '"') is_quoted = !is_quoted;
    auto parameters = value.substr(close + 1, end - close - 1);
    value.remove_prefix(end);
    while (!parameters.empty()) {
      const auto next = parameters.find(';');
      auto one = parameters.substr(0, next);
      parameters.remove_prefix(next == std::string_view::npos ? parameters.size() : next + 1);
      while (one.starts_with(' ')) one.remove_prefix(1);
      if (!one.starts_with("rel=")) continue;
      one.remove_prefix(4);
      if (one.starts_with('"')) one = one.substr(1, one.find('"', 1) - 1);
      while (!one.empty()) {  // Relations are words.
        const auto space = one.find(' ');
        if (one.substr(0, space) == "next") return target;
        one.remove_prefix(space == std::string_view::npos ? one.size() : space + 1);
      }
    }
  }
  return {};
}

}  // namespace

Result<std::string> next_link(const Reply& reply) {
  for (const auto& header : reply.response().headers) {
    if (header.name != "link") continue;
    const auto target = find_next(header.value);
    if (target.empty()) continue;
    const auto here = TRY(http::Url::parse(reply.response().url));
    const auto next = here.resolve(std::string(target));
    if (next && next->has_same_origin(here)) return next->text();
    return tl::unexpected(
        Error(ErrorCode::kProviderError, next ? fmt::format("The reply's Link leads to {}, and only {} was asked",
                                                            next->authority(), here.authority())
                                              : "The reply's Link is no URL that may be followed")
            .with_name("link_refused"));
  }
  return std::string();
}

}  // namespace toolrack::sources::declarative
