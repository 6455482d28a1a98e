/// The account: what it holds, and what it pays in fees.
#include "api.hpp"
#include "input.hpp"
#include "skills/skills.hpp"

namespace toolrack::kraken {
namespace {

constexpr PickList kFee = {{"fee", "/fee"},           {"min_fee", "/min_fee"},         {"max_fee", "/max_fee"},
                           {"next_fee", "/next_fee"}, {"tier_volume", "/tier_volume"}, {"next_volume", "/next_volume"}};

void put_fee_rows(Writer& writer, const char* name, const rapidjson::Value* fees) {
  writer.Key(name);
  writer.StartArray();
  if (fees != nullptr && fees->IsObject()) {
    for (const auto& pair : fees->GetObject()) {
      writer.StartObject();
      put(writer, "pair", &pair.name);
      // Kraken writes each name twice, with and without a dash below; older answers have the second one only.
      const bool is_old = at(pair.value, "/min_fee") == nullptr && at(pair.value, "/minfee") != nullptr;
      if (is_old) {
        put(writer, pair.value,
            {{"fee", "/fee"},
             {"min_fee", "/minfee"},
             {"max_fee", "/maxfee"},
             {"next_fee", "/nextfee"},
             {"tier_volume", "/tiervolume"},
             {"next_volume", "/nextvolume"}});
      } else {
        put(writer, pair.value, kFee);
      }
      writer.EndObject();
    }
  }
  writer.EndArray();
}

}  // namespace

Task balance(Call call) {
  const Form form;
  const HttpRequest request = private_request("Balance", form);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  out->Key("balances");
  out->StartArray();
  for (const auto& asset : said->result().GetObject()) {
    out->StartObject();
    put(out, "asset", &asset.name);
    put(out, "balance", &asset.value);
    out->EndObject();
  }
  out->EndArray();
  put(out, "count", std::int64_t{said->result().MemberCount()});
  co_return out.reply(*said);
}

Task trade_volume(Call call) {
  const Input input(call.input());
  Form form;
  form.add_if("pair", input.text("pair"));
  const HttpRequest request = private_request("TradeVolume", form);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  put(out, said->result(), {{"currency", "/currency"}, {"volume", "/volume"}});
  put_fee_rows(out, "fees", at(said->result(), "/fees"));
  put_fee_rows(out, "fees_maker", at(said->result(), "/fees_maker"));
  co_return out.reply(*said);
}

}  // namespace toolrack::kraken
