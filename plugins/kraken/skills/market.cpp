/// What the market does: system status, tickers, candles, order books, trades, spreads. Needs no credential.
#include "api.hpp"
#include "input.hpp"
#include "skills/skills.hpp"

#include <string_view>

namespace toolrack::kraken {
namespace {

// Kraken's letters: a = ask, b = bid, c = last trade, v = volume, p = volume-weighted price, t = trades, l = low, h =
// high; where there are two values, the first is today's, the second that of the last 24 hours.
constexpr PickList kTicker = {{"ask", "/a/0"},
                              {"ask_volume", "/a/2"},
                              {"bid", "/b/0"},
                              {"bid_volume", "/b/2"},
                              {"last", "/c/0"},
                              {"last_volume", "/c/1"},
                              {"volume_today", "/v/0"},
                              {"volume_24h", "/v/1"},
                              {"vwap_today", "/p/0"},
                              {"vwap_24h", "/p/1"},
                              {"trades_today", "/t/0", As::kInteger},
                              {"trades_24h", "/t/1", As::kInteger},
                              {"low_today", "/l/0"},
                              {"low_24h", "/l/1"},
                              {"high_today", "/h/0"},
                              {"high_24h", "/h/1"},
                              {"open", "/o"}};
constexpr PickList kCandle = {{"time", "/0", As::kInteger},
                              {"open", "/1"},
                              {"high", "/2"},
                              {"low", "/3"},
                              {"close", "/4"},
                              {"vwap", "/5"},
                              {"volume", "/6"},
                              {"count", "/7", As::kInteger}};
constexpr PickList kLevel = {{"price", "/0"}, {"volume", "/1"}, {"time", "/2", As::kInteger}};
constexpr PickList kSpread = {{"time", "/0", As::kInteger}, {"bid", "/1"}, {"ask", "/2"}};

void put_rows(Writer& writer, const char* name, const rapidjson::Value* rows, const PickList& list) {
  writer.Key(name);
  writer.StartArray();
  if (rows != nullptr && rows->IsArray()) {
    for (const rapidjson::Value& row : rows->GetArray()) {
      writer.StartObject();
      put(writer, row, list);
      writer.EndObject();
    }
  }
  writer.EndArray();
}

/// The answer's only pair, under the name that Kraken has for it; null when there is none.
const rapidjson::Value::Member* only_pair(const rapidjson::Value& result) {
  for (auto member = result.MemberBegin(); member != result.MemberEnd(); ++member)
    if (std::string_view(member->name.GetString()) != "last") return &*member;
  return nullptr;
}

void put_pair(Writer& writer, const rapidjson::Value::Member* pair) {
  put(writer, "pair", pair == nullptr ? nullptr : &pair->name);
}

const rapidjson::Value* rows_of(const rapidjson::Value::Member* pair) {
  return pair == nullptr ? nullptr : &pair->value;
}

/// "b" is "buy": one letter is for machines with little room.
const char* spelt(std::string_view letter) {
  if (letter == "b") return "buy";
  if (letter == "s") return "sell";
  if (letter == "m") return "market";
  return letter == "l" ? "limit" : "";
}

void put_spelt(Writer& writer, const char* name, const rapidjson::Value& row, const char* pointer) {
  const std::string letter = text_at(row, pointer);
  const std::string word = spelt(letter);
  put(writer, name, word.empty() ? letter : word);
}

/// Kraken counts the time of trades in nanoseconds, which have 19 digits in our days. Fewer than 12 can only be meant
/// as seconds, and become what they mean; what is in between is most likely milliseconds or microseconds, so nobody
/// should guess.
std::string nanoseconds_of(const Input& input, Reply& why) {
  constexpr std::size_t kMostSecondDigits = 11;
  constexpr std::size_t kNanosecondDigits = 19;
  const std::string said = input.text("since");
  const bool is_plain = said.find_first_not_of("0123456789") == std::string::npos;
  const std::string since = is_plain ? said : input.digits("since");  // JSON has several ways to write an integer.
  if (said.empty() || since == "0" || since.size() >= kNanosecondDigits) return since;
  if (!since.empty() && since.size() <= kMostSecondDigits) return since + "000000000";
  why = Reply::error(TR_INVALID_ARGUMENT, "kraken.bad_since",
                     "since \"" + said + "\" is neither seconds nor nanoseconds since 1970",
                     "Give nanoseconds (19 digits), such as `last` of the call before, or seconds (10 digits).");
  return {};
}

}  // namespace

Task system_status(Call call) {
  const HttpRequest request = public_request("SystemStatus");
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  put(out, "status", at(said->result(), "/status"));
  put(out, "timestamp", at(said->result(), "/timestamp"));
  co_return out.reply(*said);
}

Task ticker(Call call) {
  const Input input(call.input());
  HttpRequest request = public_request("Ticker");
  if (input.has("pair")) request.query("pair", input.text("pair"));
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  out->Key("tickers");
  out->StartArray();
  for (const auto& pair : said->result().GetObject()) {
    out->StartObject();
    put(out, "pair", &pair.name);
    put(out, pair.value, kTicker);
    out->EndObject();
  }
  out->EndArray();
  put(out, "count", std::int64_t{said->result().MemberCount()});
  co_return out.reply(*said);
}

Task ohlc(Call call) {
  const Input input(call.input());
  HttpRequest request = public_request("OHLC");
  request.query("pair", input.text("pair"));
  for (const char* name : {"interval", "since"})
    if (input.has(name)) request.query(name, input.digits(name));
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  const auto* const pair = only_pair(said->result());
  Output out;
  put_pair(out, pair);
  put_rows(out, "candles", rows_of(pair), kCandle);
  put(out, "last", at(said->result(), "/last"), As::kInteger);
  co_return out.reply(*said);
}

Task depth(Call call) {
  const Input input(call.input());
  HttpRequest request = public_request("Depth");
  request.query("pair", input.text("pair"));
  if (input.has("count")) request.query("count", input.digits("count"));
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  const auto* const pair = only_pair(said->result());
  Output out;
  put_pair(out, pair);
  put_rows(out, "asks", pair == nullptr ? nullptr : at(pair->value, "/asks"), kLevel);
  put_rows(out, "bids", pair == nullptr ? nullptr : at(pair->value, "/bids"), kLevel);
  co_return out.reply(*said);
}

Task recent_trades(Call call) {
  const Input input(call.input());
  Reply why;
  const std::string since = nanoseconds_of(input, why);
  if (!why.ok()) co_return why;
  HttpRequest request = public_request("Trades");
  request.query("pair", input.text("pair"));
  if (!since.empty()) request.query("since", since);
  if (input.has("count")) request.query("count", input.digits("count"));
  const Reply answer = co_await call.http(request);
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  const auto* const pair = only_pair(said->result());
  Output out;
  put_pair(out, pair);
  out->Key("trades");
  out->StartArray();
  const rapidjson::Value* const rows = rows_of(pair);
  if (rows != nullptr && rows->IsArray()) {
    for (const rapidjson::Value& row : rows->GetArray()) {
      out->StartObject();
      put(out, row, {{"price", "/0"}, {"volume", "/1"}, {"time", "/2"}});
      put_spelt(out, "type", row, "/3");
      put_spelt(out, "ordertype", row, "/4");
      put(out, row, {{"misc", "/5"}, {"trade_id", "/6", As::kInteger}});
      out->EndObject();
    }
  }
  out->EndArray();
  put(out, "last", at(said->result(), "/last"));
  co_return out.reply(*said);
}

Task spread(Call call) {
  const Input input(call.input());
  HttpRequest request = public_request("Spread");
  request.query("pair", input.text("pair"));
  if (input.has("since")) request.query("since", input.digits("since"));
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  const auto* const pair = only_pair(said->result());
  Output out;
  put_pair(out, pair);
  put_rows(out, "spreads", rows_of(pair), kSpread);
  put(out, "last", at(said->result(), "/last"), As::kInteger);
  co_return out.reply(*said);
}

}  // namespace toolrack::kraken
