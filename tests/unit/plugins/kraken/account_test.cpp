/// The account: balances, orders, trades, fees; and pages of them.
#include <gmock/gmock.h>

#include "unit/plugins/kraken/skill_host.hpp"

namespace toolrack::kraken::testing {
namespace {

class Account : public SkillHost {
 protected:
  /// Trades "T<from>" to "T<to>", with Kraken's count of them all.
  static std::string page(int from, int to, int total) {
    std::string rows;
    for (int i = from; i <= to; ++i)
      rows += (rows.empty() ? "\"T" : ",\"T") + std::to_string(i) + R"(":{"pair":"XXBTZUSD","vol":"0.10"})";
    return R"({"trades":{)" + rows + R"(},"count":)" + std::to_string(total) + "}";
  }
  std::vector<std::string> bodies() {
    std::vector<std::string> out;
    for (const auto& request : host.requests()) out.push_back(request.body);
    return out;
  }
};

TEST_F(Account, IsReadWithSignedFormsThatMayBeSentAgain) {
  on_private("Balance", R"({"ZUSD":"171288.61580000000000001","XXBT":0.0000000000})");
  ASSERT_TRUE(run("balance").ok()) << outcome.message;
  EXPECT_EQ(at("/balances/0/balance"), "\"171288.61580000000000001\"");
  EXPECT_EQ(at("/balances/1/balance"), "\"0.0000000000\"");
  EXPECT_EQ(last().credential, "") << "the provider's own";
  EXPECT_EQ(last().body, "") << "the nonce is the host's";
  EXPECT_EQ(last().header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_NE(last().flags & TR_HTTP_IDEMPOTENT, 0u);
  EXPECT_EQ(last().flags & TR_HTTP_NO_RETRY, 0u);
}

TEST_F(Account, ShowsOrders) {
  const std::string order =
      R"({"OQCLML-BW3P3-BUCMWZ":{"refid":null,"userref":-7,"cl_ord_id":"mine","status":"open",)"
      R"("opentm":1688666559.8974,"starttm":0,"descr":{"pair":"XBTUSD","type":"buy","ordertype":"limit",)"
      R"("price":"30010.0","order":"buy 1.25 XBTUSD"},"vol":"1.25000000","vol_exec":"0.37500000","price":"30010.1",)"
      R"("margin":true,"trades":["TCCCTY-WE2O6-P3NB37"]}})";
  on_private("OpenOrders", R"({"open":)" + order + "}");
  ASSERT_TRUE(run("open_orders", R"({"trades":true,"userref":-7,"cl_ord_id":"mine"})").ok()) << outcome.message;
  EXPECT_EQ(last().body, "trades=true&userref=-7&cl_ord_id=mine");
  EXPECT_EQ(at("/orders/0/txid"), "\"OQCLML-BW3P3-BUCMWZ\"");
  EXPECT_EQ(at("/orders/0/opened"), "\"1688666559.8974\"");
  EXPECT_EQ(at("/orders/0/price"), "\"30010.0\"");
  EXPECT_EQ(at("/orders/0/average_price"), "\"30010.1\"");
  EXPECT_EQ(at("/orders/0/userref"), "-7");
  EXPECT_EQ(at("/orders/0/margin"), "true");
  EXPECT_EQ(at("/orders/0/refid"), "null");
  EXPECT_EQ(at("/orders/0/trades"), R"(["TCCCTY-WE2O6-P3NB37"])");
  on_private("QueryOrders", order);
  ASSERT_TRUE(run("query_orders", R"({"txid":"OQCLML-BW3P3-BUCMWZ,OB5VMB-B4U2U-DK2WRW"})").ok()) << outcome.message;
  EXPECT_EQ(last().body, "txid=OQCLML-BW3P3-BUCMWZ%2COB5VMB-B4U2U-DK2WRW");
  EXPECT_EQ(at("/count"), "1");
  std::string many = "O1";
  for (int i = 0; i < 50; ++i) many += ",O1";
  EXPECT_EQ(run("query_orders", R"({"txid":")" + many + "\"}").code, "kraken.bad_input");
}

TEST_F(Account, PassesTheFiltersOfHistoriesOn) {
  on_private("ClosedOrders", R"({"closed":{"O1":{"status":"canceled","reason":"User requested"}},"count":1})");
  ASSERT_TRUE(run("closed_orders", R"({"trades":true,"userref":3,"start":1688666559,"end":"O3-A","closetime":"open",)"
                                   R"("ofs":5,"limit":9})")
                  .ok())
      << outcome.message;
  EXPECT_EQ(last().body, "trades=true&userref=3&start=1688666559&end=O3-A&closetime=open&ofs=5");
  EXPECT_EQ(at("/orders/0/reason"), "\"User requested\"");
  on_private("TradesHistory", R"({"trades":{},"count":0})");
  ASSERT_TRUE(run("trades_history", R"({"type":"no position","trades":true,"start":"1688666559.5"})").ok());
  EXPECT_EQ(last().body, "type=no%20position&trades=true&start=1688666559.5");
}

TEST_F(Account, FollowsPagesUpToTheLimit) {
  on_private("TradesHistory", page(1, 50, 2346));
  on_private("TradesHistory", page(51, 100, 2346));
  on_private("TradesHistory", page(101, 150, 2346));
  ASSERT_TRUE(run("trades_history", R"({"limit":120})").ok()) << outcome.message;
  EXPECT_THAT(bodies(), ::testing::ElementsAre("", "ofs=50", "ofs=100"));
  EXPECT_EQ(at("/count"), "120");
  EXPECT_EQ(at("/trades/119/txid"), "\"T120\"");
  EXPECT_EQ(at("/total"), "2346");
  EXPECT_EQ(at("/truncated"), "true");
}

TEST_F(Account, StopsWhereTheHistoryEnds) {
  on_private("TradesHistory", page(1, 50, 60));
  on_private("TradesHistory", page(51, 60, 60));
  ASSERT_TRUE(run("trades_history", R"({"limit":250})").ok());
  EXPECT_EQ(at("/count"), "60");
  EXPECT_EQ(at("/truncated"), "false");
  on_private("TradesHistory", page(1, 50, 60));
  ASSERT_TRUE(run("trades_history").ok());
  EXPECT_EQ(at("/truncated"), "true") << "ten more";
  on_private("TradesHistory", page(1, 50, 60));
  on_private("TradesHistory", R"({"trades":{},"count":60})");
  ASSERT_TRUE(run("trades_history", R"({"limit":250})").ok());
  EXPECT_EQ(at("/count"), "50") << "an empty page is the last";
  EXPECT_EQ(at("/truncated"), "false");
}

TEST_F(Account, TellsARowOnceThatMovesToTheNextPage) {
  on_private("TradesHistory", page(1, 50, 100));
  on_private("TradesHistory", page(50, 99, 101));
  on_private("TradesHistory", page(100, 100, 101));
  ASSERT_TRUE(run("trades_history", R"({"limit":250})").ok());
  EXPECT_EQ(at("/count"), "100");
  EXPECT_EQ(at("/trades/50/txid"), "\"T51\"");
  // A far end that gives the same page for ever does not keep the call for ever.
  for (int i = 0; i < 2; ++i) on_private("TradesHistory", page(1, 50, 1000));
  ASSERT_TRUE(run("trades_history", R"({"limit":250})").ok());
  EXPECT_EQ(at("/count"), "50");
}

TEST_F(Account, ShowsVolumeAndFees) {
  on_private("TradeVolume", R"({"currency":"ZUSD","volume":"200709587.4223","fees":{"XXBTZUSD":{"fee":"0.1000",)"
                            R"("minfee":"0.0100","min_fee":"0.0000","next_fee":null}},)"
                            R"("fees_maker":{"XXBTZUSD":{"fee":"0.0000","minfee":"0.0200","tiervolume":"5"}}})");
  ASSERT_TRUE(run("trade_volume", R"({"pair":"XBTUSD"})").ok()) << outcome.message;
  EXPECT_EQ(last().body, "pair=XBTUSD");
  EXPECT_EQ(at("/volume"), "\"200709587.4223\"");
  EXPECT_EQ(at("/fees/0/min_fee"), "\"0.0000\"");
  EXPECT_EQ(at("/fees_maker/0/min_fee"), "\"0.0200\"") << "its older name";
  EXPECT_EQ(at("/fees_maker/0/tier_volume"), "\"5\"");
  on_private("TradeVolume", R"({"currency":"ZUSD","volume":"1","fees":null})");
  EXPECT_TRUE(run("trade_volume").ok());
}

}  // namespace
}  // namespace toolrack::kraken::testing
