/// What can be traded: assets and pairs, with the rules that an order has to keep. Needs no credential.
#include "api.hpp"
#include "input.hpp"
#include "skills/skills.hpp"

namespace toolrack::kraken {
namespace {

constexpr PickList kAsset = {{"altname", "/altname"},
                             {"aclass", "/aclass"},
                             {"decimals", "/decimals", As::kInteger},
                             {"display_decimals", "/display_decimals", As::kInteger},
                             {"collateral_value", "/collateral_value"},
                             {"status", "/status"}};
// Margin figures and fee tables are only there when Kraken sends them, which `info` decides.
constexpr PickList kPair = {{"altname", "/altname"},
                            {"wsname", "/wsname"},
                            {"base", "/base"},
                            {"quote", "/quote"},
                            {"status", "/status"},
                            {"ordermin", "/ordermin"},
                            {"costmin", "/costmin"},
                            {"tick_size", "/tick_size"},
                            {"pair_decimals", "/pair_decimals", As::kInteger},
                            {"lot_decimals", "/lot_decimals", As::kInteger},
                            {"cost_decimals", "/cost_decimals", As::kInteger},
                            {"lot_multiplier", "/lot_multiplier", As::kInteger},
                            {"leverage_buy", "/leverage_buy", As::kTexts},
                            {"leverage_sell", "/leverage_sell", As::kTexts},
                            {"fee_volume_currency", "/fee_volume_currency"},
                            {"margin_call", "/margin_call"},
                            {"margin_stop", "/margin_stop"},
                            {"long_position_limit", "/long_position_limit"},
                            {"short_position_limit", "/short_position_limit"}};

/// [[volume, percent], ...] as [{"volume": "0", "percent": "0.26"}, ...].
void put_fees(Writer& writer, const char* name, const rapidjson::Value* steps) {
  writer.Key(name);
  writer.StartArray();
  if (steps != nullptr && steps->IsArray()) {
    for (const rapidjson::Value& step : steps->GetArray()) {
      writer.StartObject();
      put(writer, step, {{"volume", "/0"}, {"percent", "/1"}});
      writer.EndObject();
    }
  }
  writer.EndArray();
}

}  // namespace

Task assets(Call call) {
  const Input input(call.input());
  HttpRequest request = public_request("Assets");
  for (const char* name : {"asset", "aclass"})
    if (input.has(name)) request.query(name, input.text(name));
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  out->Key("assets");
  out->StartArray();
  for (const auto& asset : said->result().GetObject()) {
    out->StartObject();
    put(out, "asset", &asset.name);
    put(out, asset.value, kAsset);
    out->EndObject();
  }
  out->EndArray();
  put(out, "count", std::int64_t{said->result().MemberCount()});
  co_return out.reply(*said);
}

Task asset_pairs(Call call) {
  const Input input(call.input());
  HttpRequest request = public_request("AssetPairs");
  for (const char* name : {"pair", "info", "country_code"})
    if (input.has(name)) request.query(name, input.text(name));
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  out->Key("pairs");
  out->StartArray();
  for (const auto& pair : said->result().GetObject()) {
    out->StartObject();
    put(out, "pair", &pair.name);
    put(out, pair.value, kPair);
    put_fees(out, "fees", at(pair.value, "/fees"));
    put_fees(out, "fees_maker", at(pair.value, "/fees_maker"));
    out->EndObject();
  }
  out->EndArray();
  put(out, "count", std::int64_t{said->result().MemberCount()});
  co_return out.reply(*said);
}

}  // namespace toolrack::kraken
