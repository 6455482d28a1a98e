/// The tool against a description of Kraken's API, where a set of contracts is at hand (TOOLRACK_CONTRACTS): each
/// request has to fit it, and each of its answers has to be understood.
#include <gmock/gmock.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "unit/plugins/kraken/skill_host.hpp"

extern "C" const tr_entry* toolrack_entry_v1(void);

namespace toolrack::kraken::testing {
namespace {

using Value = rapidjson::Value;

/// Every parameter of every skill, at least once.
const std::vector<std::pair<const char*, const char*>> kCalls = {
    {"system_status", "{}"},
    {"ticker", R"({"pair":"XBTUSD,XBT/USD"})"},
    {"ohlc", R"({"pair":"XBTUSD","interval":1440,"since":1688671200})"},
    {"depth", R"({"pair":"XBTUSD","count":500})"},
    {"recent_trades", R"({"pair":"XBTUSD","since":"1688671969993150842","count":1000})"},
    {"recent_trades", R"({"pair":"XBTUSD","since":1688671969})"},
    {"spread", R"({"pair":"XBTUSD","since":1688671834})"},
    {"assets", R"({"asset":"XBT,ETH","aclass":"currency"})"},
    {"asset_pairs", R"({"pair":"XBTUSD","info":"margin","country_code":"US:TX"})"},
    {"balance", "{}"},
    {"open_orders", R"({"trades":true,"userref":-5,"cl_ord_id":"mine"})"},
    {"closed_orders",
     R"({"trades":true,"userref":5,"cl_ord_id":"mine","start":1,"end":"2","closetime":"both","ofs":1})"},
    {"query_orders", R"({"txid":"O1,O2","trades":true,"userref":5})"},
    {"trades_history", R"({"type":"any position","trades":true,"start":"1","end":2,"ofs":50})"},
    {"trade_volume", R"({"pair":"XBTUSD"})"},
    {"add_order", R"({"pair":"XBTUSD","type":"buy","ordertype":"market","volume":"1"})"},
    {"add_order", R"({"pair":"XBTUSD","type":"sell","ordertype":"trailing-stop-limit","volume":"1.25","price":"+1.5%",
      "price2":"#0.1","displayvol":"0.5","trigger":"index","leverage":"2","reduce_only":true,"stptype":"cancel-both",
      "oflags":["post","fciq"],"timeinforce":"GTD","starttm":"0","expiretm":"+60","close_ordertype":"take-profit",
      "close_price":"5","close_price2":"6","deadline":"2026-01-02T03:04:05Z","userref":-5,"validate_only":true})"},
    {"cancel_order", R"({"txid":"O1"})"},
    {"cancel_order", R"({"cl_ord_id":"mine"})"},
    {"cancel_all_orders", "{}"},
    {"edit_order", R"({"txid":"O1","pair":"XBTUSD","volume":"1","displayvol":"1","price":"1","price2":"2",
      "oflags":["post"],"userref":5,"deadline":"2026-01-02T03:04:05Z","validate_only":true})"}};

std::string text_of(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> pairs_of(std::string_view form) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!form.empty()) {
    const auto part = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), part.size() + 1));
    const auto equals = part.find('=');
    out.emplace_back(decoded(part.substr(0, equals)), decoded(part.substr(equals + 1)));
  }
  return out;
}

void expect_fits(const std::string& schema, const std::string& document, const std::string& what) {
  const auto validator = registry::compile_schema(schema);
  ASSERT_TRUE(validator) << what << ": " << validator.error().message();
  const auto value = base::json::parse(document);
  ASSERT_TRUE(value) << what << ": " << document;
  const auto violations = (*validator)->check(*value);
  EXPECT_TRUE(violations.empty()) << what << ": " << document << ": " << registry::to_json(violations);
}

class Contract : public SkillHost {
 protected:
  /// False, and says so, when there is none.
  bool load() {
    const auto* folder = std::getenv("TOOLRACK_CONTRACTS");
    std::ifstream file(folder == nullptr ? "" : std::string(folder) + "/kraken.openapi.json");
    if (!file) return false;
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    contract.Parse(text.data(), text.size());
    return !contract.HasParseError();
  }
  /// Of the request that was sent last; null when the contract does not have it.
  const Value* operation(const sdk::SentRequest& request) {
    const std::string path = request.url.substr(0, request.url.find('?'));
    const auto found = contract["paths"].FindMember(path.c_str());
    if (found == contract["paths"].MemberEnd()) return nullptr;
    const auto method = found->value.FindMember(request.method == "GET" ? "get" : "post");
    return method == found->value.MemberEnd() ? nullptr : &method->value;
  }
  void check(const sdk::SentRequest& request) {
    const auto what = request.method + " " + request.url;
    const Value* const about = operation(request);
    ASSERT_NE(about, nullptr) << what;
    EXPECT_NE(request.header("user-agent"), "") << what;
    if (request.method == "GET") return check_query(*about, request.url, what);
    std::string document = R"({"nonce":"1616492376594")";
    for (const auto& [name, value] : pairs_of(request.body))
      document += "," + base::json::quote(name) + ":" + base::json::quote(value);
    const Value* const schema =
        rapidjson::Pointer("/requestBody/content/application~1x-www-form-urlencoded/schema").Get(*about);
    ASSERT_NE(schema, nullptr) << what;
    expect_fits(text_of(*schema), document + "}", what);
  }
  static void check_query(const Value& about, const std::string& url, const std::string& what) {
    const auto mark = url.find('?');
    const auto query = pairs_of(mark == std::string::npos ? "" : std::string_view(url).substr(mark + 1));
    std::set<std::string> known;
    for (const auto& parameter : about["parameters"].GetArray()) {
      if (std::string_view(parameter["in"].GetString()) != "query") continue;
      const std::string name = parameter["name"].GetString();
      known.insert(name);
      bool is_there = false;
      for (const auto& [key, value] : query) {
        if (key != name) continue;
        is_there = true;
        const bool is_text = std::string_view(parameter["schema"]["type"].GetString()) == "string";
        expect_fits(text_of(parameter["schema"]), is_text ? base::json::quote(value) : value, what + " " + name);
      }
      EXPECT_TRUE(is_there || !parameter["required"].GetBool()) << what << " lacks " << name;
    }
    for (const auto& [key, value] : query) EXPECT_TRUE(known.contains(key)) << what << " has " << key;
  }
  /// As the contract has it: `examples` by name, of the answer with status 200.
  static const Value& answers(const Value& about) {
    return about["responses"]["200"]["content"]["application/json"]["examples"];
  }

  rapidjson::Document contract;
};

TEST_F(Contract, TakesEveryRequestAndItsAnswersAreUnderstood) {
  if (!load()) {
    std::cout << "skipped: TOOLRACK_CONTRACTS names no folder with kraken.openapi.json\n";
    GTEST_SKIP() << "TOOLRACK_CONTRACTS names no folder with kraken.openapi.json";
  }
  std::set<std::string> called;
  std::size_t good = 0, bad = 0;
  for (const auto& [skill, input] : kCalls) {
    called.insert(skill);
    // A first call, only to learn what is sent.
    for (const auto* method : {"GET", "POST"})
      on(method, "/0/*", sdk::FakeReply(200, R"({"error":["EAPI:Invalid key"]})"));
    run(skill, input);
    ASSERT_EQ(outcome.code, "kraken.bad_key") << skill;
    const auto request = last();
    check(request);
    const Value* const about = operation(request);
    ASSERT_NE(about, nullptr) << skill;
    for (const auto& example : answers(*about).GetObject()) {
      const std::string name = example.name.GetString();
      const bool is_error = name.starts_with("err");
      // What only a request that is no check answers with, and the other way round, is no answer to this one.
      const bool is_check = std::string_view(input).find("validate_only") != std::string_view::npos;
      if (!is_error && request.url.ends_with("AddOrder") && (name == "validated") != is_check) continue;
      const std::string words = text_of(example.value["value"]);
      sdk::FakeHost fresh(toolrack_entry_v1());
      fresh.on_http(request.method, "/0/*", sdk::FakeReply(200, words).always());
      const auto told = fresh.run(skill, input, options_of(skill));
      EXPECT_EQ(told.ok(), !is_error) << skill << " " << name << ": " << told.message;
      EXPECT_NE(told.code, "kraken.failed") << name;
      if (!told.ok()) {
        ++bad;
        EXPECT_THAT(told.code, ::testing::StartsWith("kraken.")) << name;
        continue;
      }
      ++good;
      const auto output_of = base::json::parse(told.output);
      ASSERT_TRUE(output_of);
      const auto violations = skill_of(skill).output_validator->check(*output_of);
      EXPECT_TRUE(violations.empty()) << skill << " " << name << ": " << registry::to_json(violations);
    }
  }
  EXPECT_EQ(called.size(), manifest().skills.size()) << "every skill";
  EXPECT_GE(good, 25u);
  EXPECT_GE(bad, 100u);
  std::cout << kCalls.size() << " requests, " << good << " answers, " << bad << " errors\n";
}

}  // namespace
}  // namespace toolrack::kraken::testing
