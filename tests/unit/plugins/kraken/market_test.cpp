/// Market data: what is asked for, and that numbers come through digit by digit.
#include <gmock/gmock.h>

#include "unit/plugins/kraken/skill_host.hpp"

namespace toolrack::kraken::testing {
namespace {

using ::testing::HasSubstr;

class Market : public SkillHost {};

TEST_F(Market, IsAskedForWithoutACredential) {
  on_public("SystemStatus", R"({"status":"cancel_only","timestamp":"2023-07-06T18:52:00Z"})");
  ASSERT_TRUE(run("system_status").ok()) << outcome.message;
  EXPECT_EQ(at("/status"), "\"cancel_only\"");
  EXPECT_EQ(last().credential, "-");
  EXPECT_EQ(last().header("user-agent"), "toolrack-kraken/1.0");
  EXPECT_EQ(last().body, "");
}

TEST_F(Market, TicksWithEveryDigit) {
  on_public("Ticker?pair=XBTUSD%2CETH%2FUSD",
            R"({"XXBTZUSD":{"a":["30300.12345678901234567890","1","1.000"],"b":["30300.00000","1","1.000"],)"
            R"("c":["30303.20000","0.00067643"],"v":["4083.6","4412.7"],"p":["30706.7","30689.1"],"t":[34619,38907],)"
            R"("l":["29868.3","29868.2"],"h":["31631.0","31631.1"],"o":"30502.80000"},"XETHZUSD":{"o":1900.10}})");
  ASSERT_TRUE(run("ticker", R"({"pair":"XBTUSD,ETH/USD"})").ok()) << outcome.message;
  EXPECT_EQ(at("/count"), "2");
  EXPECT_EQ(at("/tickers/0/pair"), "\"XXBTZUSD\"");
  EXPECT_EQ(at("/tickers/0/ask"), "\"30300.12345678901234567890\"");
  EXPECT_EQ(at("/tickers/0/ask_volume"), "\"1.000\"");
  EXPECT_EQ(at("/tickers/0/trades_24h"), "38907");
  EXPECT_EQ(at("/tickers/0/low_24h"), "\"29868.2\"");
  EXPECT_EQ(at("/tickers/1/open"), "\"1900.10\"") << "a number keeps its last zero";
  EXPECT_EQ(at("/tickers/1/ask"), "null");
  on_public("Ticker", "{}");
  ASSERT_TRUE(run("ticker").ok());
  EXPECT_EQ(at("/count"), "0");
}

TEST_F(Market, CountsCandlesAndSpreadsInSeconds) {
  on_public("OHLC?pair=XBTUSD&interval=60&since=1688671200",
            R"({"XXBTZUSD":[[1688671200,"30306.1","30306.2","30305.7","30305.70","30306.1","3.39243896",23]],)"
            R"("last":1688672160})");
  ASSERT_TRUE(run("ohlc", R"({"pair":"XBTUSD","interval":60,"since":1688671200})").ok()) << outcome.message;
  EXPECT_EQ(at("/pair"), "\"XXBTZUSD\"");
  EXPECT_EQ(at("/candles/0/time"), "1688671200");
  EXPECT_EQ(at("/candles/0/close"), "\"30305.70\"");
  EXPECT_EQ(at("/candles/0/count"), "23");
  EXPECT_EQ(at("/last"), "1688672160");
  on_public("Spread?pair=XBTUSD&since=1688671834",
            R"({"last":1688672106,"XXBTZUSD":[[1688671834,"30292.10000","30297.50000"]]})");
  ASSERT_TRUE(run("spread", R"({"pair":"XBTUSD","since":1688671834.0})").ok()) << outcome.message;
  EXPECT_EQ(at("/spreads/0/ask"), "\"30297.50000\"");
  EXPECT_EQ(at("/last"), "1688672106");
}

TEST_F(Market, CountsTradesInNanoseconds) {
  const std::string answer = R"({"XXBTZUSD":[["30243.40000","0.34507674",1688669597.8277369,"b","m","",61044952],)"
                             R"(["30243.3","1",1688669598.2804112,"s","l","x",9007199254740993]],)"
                             R"("last":"1688671969993150842"})";
  for (const auto& [since, sent] :
       std::vector<std::pair<std::string, std::string>>{{"\"1688671969993150842\"", "1688671969993150842"},
                                                        {"1688671969993150842", "1688671969993150842"},
                                                        {"\"1688671969\"", "1688671969000000000"},
                                                        {"1688671969", "1688671969000000000"},
                                                        {"1688671969.0", "1688671969000000000"},
                                                        {"0", "0"}}) {
    on_public("Trades?pair=XBTUSD&since=" + sent + "&count=2", answer);
    ASSERT_TRUE(run("recent_trades", R"({"pair":"XBTUSD","count":2,"since":)" + since + "}").ok())
        << since << outcome.message;
  }
  EXPECT_EQ(at("/trades/0/time"), "\"1688669597.8277369\"");
  EXPECT_EQ(at("/trades/0/type"), "\"buy\"");
  EXPECT_EQ(at("/trades/0/ordertype"), "\"market\"");
  EXPECT_EQ(at("/trades/1/type"), "\"sell\"");
  EXPECT_EQ(at("/trades/1/ordertype"), "\"limit\"");
  EXPECT_EQ(at("/trades/1/trade_id"), "9007199254740993") << "to the last digit";
  EXPECT_EQ(at("/last"), "\"1688671969993150842\"");
}

TEST_F(Market, GuessesNoUnitOfTime) {
  for (const auto* since : {"\"1688671969993\"", "1688671969993", "1688671969993150", "1.688671969993e12"}) {
    run("recent_trades", R"({"pair":"XBTUSD","since":)" + std::string(since) + "}");
    EXPECT_EQ(outcome.code, "kraken.bad_since") << since;
    EXPECT_THAT(outcome.message, HasSubstr("neither seconds nor nanoseconds"));
  }
  EXPECT_TRUE(host.requests().empty());
}

TEST_F(Market, ShowsTheBookAndTheRules) {
  on_public(
      "Depth?pair=XBTUSD&count=1",
      R"({"XXBTZUSD":{"asks":[["30384.10000","2.059",1688671659]],"bids":[["30297.00000","1.115",1688671636]]}})");
  ASSERT_TRUE(run("depth", R"({"pair":"XBTUSD","count":1})").ok()) << outcome.message;
  EXPECT_EQ(at("/asks/0/price"), "\"30384.10000\"");
  EXPECT_EQ(at("/bids/0/time"), "1688671636");
  on_public("AssetPairs?pair=XBTUSD&info=fees",
            R"({"XXBTZUSD":{"altname":"XBTUSD","ordermin":"0.0001","tick_size":"0.1","pair_decimals":1,)"
            R"("fees":[[0,0.26],[50000,0.240]],"leverage_buy":[2,3]}})");
  ASSERT_TRUE(run("asset_pairs", R"({"pair":"XBTUSD","info":"fees"})").ok()) << outcome.message;
  EXPECT_EQ(at("/pairs/0/ordermin"), "\"0.0001\"");
  EXPECT_EQ(at("/pairs/0/pair_decimals"), "1");
  EXPECT_EQ(at("/pairs/0/fees/1/percent"), "\"0.240\"");
  EXPECT_EQ(at("/pairs/0/leverage_buy"), R"(["2","3"])");
  EXPECT_EQ(at("/pairs/0/costmin"), "null");
  on_public("Assets?asset=XBT", R"({"XXBT":{"aclass":"currency","decimals":10,"collateral_value":1.0}})");
  ASSERT_TRUE(run("assets", R"({"asset":"XBT"})").ok()) << outcome.message;
  EXPECT_EQ(at("/assets/0/decimals"), "10");
  EXPECT_EQ(at("/assets/0/collateral_value"), "\"1.0\"");
}

TEST_F(Market, TellsWarningsBesideTheResult) {
  on("GET", "/0/public/SystemStatus",
     sdk::FakeReply(200, R"({"error":["WGeneral:Soon"],"result":{"status":"online","timestamp":"x"}})"));
  ASSERT_TRUE(run("system_status").ok()) << outcome.message;
  EXPECT_EQ(at("/warnings"), R"(["WGeneral:Soon"])");
}

TEST_F(Market, ToleratesAnswersOfOtherShapes) {
  for (const auto* result : {"{}", R"({"last":5})", R"({"XXBTZUSD":7})", R"({"XXBTZUSD":[7,[],{}],"last":"x"})"}) {
    for (const auto* skill : {"ohlc", "depth", "recent_trades", "spread"}) {
      on("GET", "/0/public/*", sdk::FakeReply(200, R"({"error":[],"result":)" + std::string(result) + "}"));
      EXPECT_TRUE(run(skill, R"({"pair":"XBTUSD"})").ok()) << skill << result;
    }
  }
}

}  // namespace
}  // namespace toolrack::kraken::testing
