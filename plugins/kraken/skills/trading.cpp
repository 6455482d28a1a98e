/// What costs real money: placing, changing and cancelling orders. Each request is sent once, whatever becomes of it.
#include "api.hpp"
#include "input.hpp"
#include "skills/skills.hpp"

#include <array>
#include <initializer_list>

namespace toolrack::kraken {
namespace {

Reply bad_input(const char* message, const char* hint) {
  return Reply::error(TR_INVALID_ARGUMENT, "kraken.bad_input", message, hint);
}

/// A random UUID, one of the forms that Kraken takes for cl_ord_id.
std::string make_order_id(const Call& call) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, 16> bytes{};
  call.random(bytes.data(), bytes.size());
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out.append(1, kHex[bytes[i] >> 4]).append(1, kHex[bytes[i] & 15]);
  }
  return out;
}

void add_texts(Form& form, const Input& input, std::initializer_list<const char*> names) {
  for (const char* name : names) form.add_if(name, input.text(name));
}

/// Kraken takes the whole request, and does nothing but check it: that may be repeated like anything that reads.
HttpRequest trading_request(const Call& call, const char* name, Form& form, bool only_validates) {
  if (!only_validates) return action_request(call, name, form);
  form.add("validate", "true");
  return private_request(name, form);
}

void put_or_null(Writer& writer, const char* name, const std::string& text) {
  if (!text.empty()) return put(writer, name, text);
  writer.Key(name);
  writer.Null();
}

std::string named_order(const Input& input) {
  const std::string txid = input.text("txid");
  return txid.empty() ? "cl_ord_id \"" + input.text("cl_ord_id") + "\"" : txid;
}

}  // namespace

Task add_order(Call call) {
  const Input input(call.input());
  if (input.has("userref") && input.has("cl_ord_id"))
    co_return bad_input("userref and cl_ord_id are both there", "Send one of them.");
  if (!input.has("close_ordertype") && (input.has("close_price") || input.has("close_price2")))
    co_return bad_input("close_price is there without close_ordertype", "Say what kind of order closes the position.");
  const bool only_validates = input.flag("validate_only");
  const std::string userref = input.digits("userref");
  std::string id = input.text("cl_ord_id");
  // Without a name of its own, nobody could tell this order from others when its answer gets lost.
  if (id.empty() && userref.empty()) id = make_order_id(call);

  Form form;
  add_texts(form, input,
            {"ordertype", "type", "volume", "displayvol", "pair", "price", "price2", "trigger", "leverage"});
  if (input.flag("reduce_only")) form.add("reduce_only", "true");
  add_texts(form, input, {"stptype"});
  form.add_if("oflags", input.joined("oflags"));
  add_texts(form, input, {"timeinforce", "starttm", "expiretm"});
  form.add_if("close[ordertype]", input.text("close_ordertype"))
      .add_if("close[price]", input.text("close_price"))
      .add_if("close[price2]", input.text("close_price2"))
      .add_if("deadline", input.text("deadline"))
      .add_if("userref", userref)
      .add_if("cl_ord_id", id);
  const Action action(
      "the order may have been placed",
      "Look for " + (id.empty() ? "userref " + userref : "cl_ord_id \"" + id + "\"") +
          " with open_orders and with closed_orders: when neither has it after some seconds, it was not placed.");
  const Action* const acts = only_validates ? nullptr : &action;
  const HttpRequest request = trading_request(call, "AddOrder", form, only_validates);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, acts, call.unix_time(), why);
  if (!said) co_return why;
  const rapidjson::Value* const txids = at(said->result(), "/txid");
  const bool has_txid = txids != nullptr && txids->IsArray() && !txids->Empty();
  if (!only_validates && !has_txid)
    co_return may_have_acted(TR_UNAVAILABLE, "Kraken answered without the order's id", action);
  Output out;
  put_flag(out, "placed", !only_validates);
  put_flag(out, "validated_only", only_validates);
  out->Key("txid");
  out->StartArray();
  if (has_txid && !only_validates)
    for (const rapidjson::Value& txid : txids->GetArray())
      if (txid.IsString()) out->String(txid.GetString(), txid.GetStringLength());
  out->EndArray();
  put(out, said->result(), {{"order", "/descr/order"}, {"close", "/descr/close"}});
  put_or_null(out, "cl_ord_id", id);
  put_or_null(out, "userref", userref);
  co_return out.reply(*said);
}

Task edit_order(Call call) {
  const Input input(call.input());
  bool changes = false;
  for (const char* name : {"volume", "displayvol", "price", "price2", "oflags", "userref"})
    changes = changes || input.has(name);
  if (!changes)
    co_return bad_input("nothing is to be changed", "Give volume, displayvol, price, price2, oflags or userref.");
  const bool only_validates = input.flag("validate_only");
  const std::string txid = input.text("txid");
  Form form;
  form.add("txid", txid).add("pair", input.text("pair"));
  add_texts(form, input, {"volume", "displayvol", "price", "price2"});
  form.add_if("oflags", input.joined("oflags")).add_if("userref", input.digits("userref"));
  add_texts(form, input, {"deadline"});
  const Action action("the order may have been replaced",
                      "Look for " + txid +
                          " with query_orders: when it is canceled, the order in its place is in open_orders or "
                          "closed_orders; when it is open still, nothing was changed.");
  const Action* const acts = only_validates ? nullptr : &action;
  const HttpRequest request = trading_request(call, "EditOrder", form, only_validates);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, acts, call.unix_time(), why);
  if (!said) co_return why;
  // A second way of saying no, beside the list of errors.
  if (text_at(said->result(), "/status") == "err") {
    const std::string words = text_at(said->result(), "/error_message");
    co_return refusal(words.empty() ? "EOrder:the order was not changed" : words, nullptr, acts, call.unix_time());
  }
  Output out;
  put_flag(out, "edited", !only_validates);
  put_flag(out, "validated_only", only_validates);
  put(out, said->result(),
      {{"txid", "/txid"},
       {"original_txid", "/originaltxid"},
       {"volume", "/volume"},
       {"price", "/price"},
       {"price2", "/price2"},
       {"orders_cancelled", "/orders_cancelled", As::kInteger},
       {"order", "/descr/order"}});
  co_return out.reply(*said);
}

Task cancel_order(Call call) {
  const Input input(call.input());
  if (input.has("txid") == input.has("cl_ord_id"))
    co_return bad_input("txid and cl_ord_id are both there, or both missing", "Send one of them.");
  Form form;
  add_texts(form, input, {"txid", "cl_ord_id"});
  const std::string order = named_order(input);
  const Action action("the order may have been cancelled",
                      "Look for " + order + " with open_orders: while it is there, it was not cancelled.");
  const HttpRequest request = action_request(call, "CancelOrder", form);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, &action, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  put(out, "count", at(said->result(), "/count"), As::kInteger);
  const rapidjson::Value* const pending = at(said->result(), "/pending");
  put_flag(out, "pending", pending != nullptr && pending->IsTrue());
  co_return out.reply(*said);
}

Task cancel_all_orders(Call call) {
  const Form form;
  const Action action("orders may have been cancelled", "Look with open_orders which are left.");
  const HttpRequest request = action_request(call, "CancelAll", form);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, &action, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  put(out, "count", at(said->result(), "/count"), As::kInteger);
  co_return out.reply(*said);
}

}  // namespace toolrack::kraken
