/// What spends money: exact bodies, nothing sent twice, and what is said when nobody knows what happened.
#include <gmock/gmock.h>

#include "unit/plugins/kraken/skill_host.hpp"

namespace toolrack::kraken::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class Trading : public SkillHost {
 protected:
  static constexpr const char* kOrder = R"("pair":"XBTUSD","type":"buy","ordertype":"limit","volume":"1.25",)"
                                        R"("price":"27500.0")";
  static std::string order(const std::string& more = {}) { return "{" + std::string(kOrder) + more + "}"; }
  static constexpr const char* kPlaced =
      R"({"descr":{"order":"buy 1.25000000 XBTUSD @ limit 27500.0"},"txid":["OU22CG-KLAF2-FWUDD7"]})";
  void cut(std::string_view name, std::uint32_t flags) {
    on("POST", "/0/private/" + std::string(name),
       sdk::FakeReply::failure(TR_UNAVAILABLE, "provider_unavailable", "the connection was reset", flags));
  }
};

TEST_F(Trading, PlacesAnOrderWithTheDigitsThatWereGiven) {
  on_private("AddOrder", kPlaced);
  ASSERT_TRUE(run("add_order", R"({"pair":"XBT/USD","type":"sell","ordertype":"stop-loss-limit",)"
                               R"("volume":"0.12345678901234567890","price":"+1.50%","price2":"#0.10",)"
                               R"("trigger":"index","leverage":"2:1","reduce_only":true,"stptype":"cancel-both",)"
                               R"("oflags":["post","fciq"],"timeinforce":"GTD","starttm":"+5","expiretm":"1700000100",)"
                               R"("close_ordertype":"limit","close_price":"31000.10","close_price2":"5",)"
                               R"("deadline":"2026-01-02T03:04:05Z","userref":-42})")
                  .ok())
      << outcome.message;
  EXPECT_EQ(last().url, "/0/private/AddOrder");
  EXPECT_EQ(last().body,
            "ordertype=stop-loss-limit&type=sell&volume=0.12345678901234567890&pair=XBT%2FUSD&price=%2B1.50%25"
            "&price2=%230.10&trigger=index&leverage=2%3A1&reduce_only=true&stptype=cancel-both&oflags=post%2Cfciq"
            "&timeinforce=GTD&starttm=%2B5&expiretm=1700000100&close%5Bordertype%5D=limit"
            "&close%5Bprice%5D=31000.10&close%5Bprice2%5D=5&deadline=2026-01-02T03%3A04%3A05Z&userref=-42");
  EXPECT_EQ(last().flags & (TR_HTTP_NO_RETRY | TR_HTTP_IDEMPOTENT), TR_HTTP_NO_RETRY);
  EXPECT_EQ(at("/placed"), "true");
  EXPECT_EQ(at("/txid"), R"(["OU22CG-KLAF2-FWUDD7"])");
  EXPECT_EQ(at("/userref"), "\"-42\"");
  EXPECT_EQ(at("/cl_ord_id"), "null");
}

TEST_F(Trading, GivesAnOrderANameToFindItBy) {
  on_private("AddOrder", kPlaced);
  ASSERT_TRUE(run("add_order", order()).ok());
  const std::string first = last().body;
  EXPECT_THAT(first, MatchesRegex("ordertype=limit&type=buy&volume=1.25&pair=XBTUSD&price=27500.0&cl_ord_id="
                                  "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_THAT(at("/cl_ord_id"), MatchesRegex("\"[0-9a-f-]{36}\""));
  on_private("AddOrder", kPlaced);
  ASSERT_TRUE(run("add_order", order()).ok());
  EXPECT_NE(last().body, first);
  on_private("AddOrder", kPlaced);
  ASSERT_TRUE(run("add_order", order(R"(,"cl_ord_id":"mine-1")")).ok());
  EXPECT_THAT(last().body, HasSubstr("&cl_ord_id=mine-1"));
  EXPECT_EQ(at("/cl_ord_id"), "\"mine-1\"");
  EXPECT_EQ(run("add_order", order(R"(,"cl_ord_id":"mine-1","userref":1)")).code, "kraken.bad_input");
  EXPECT_EQ(run("add_order", order(R"(,"close_price":"1")")).code, "kraken.bad_input");
  EXPECT_EQ(host.requests().size(), 3u);
}

TEST_F(Trading, HasKrakenOnlyCheckWhatIsToBeValidated) {
  on_private("AddOrder", R"({"descr":{"order":"buy 1.25000000 XBTUSD @ limit 27500.0"}})");
  ASSERT_TRUE(run("add_order", order(R"(,"validate_only":true)")).ok()) << outcome.message;
  EXPECT_THAT(last().body, HasSubstr("&validate=true"));
  EXPECT_EQ(at("/placed"), "false");
  EXPECT_EQ(at("/validated_only"), "true");
  EXPECT_EQ(at("/txid"), "[]");
  EXPECT_NE(last().flags & TR_HTTP_IDEMPOTENT, 0u);
  on_private("EditOrder", R"({"status":"ok","descr":{"order":"x"}})");
  ASSERT_TRUE(run("edit_order", R"({"txid":"O1","pair":"XBTUSD","price":"1","validate_only":true})").ok());
  EXPECT_THAT(last().body, HasSubstr("&validate=true"));
  EXPECT_EQ(at("/edited"), "false");
  // The control: what is not to be validated says nothing of it.
  for (const auto* more : {"", R"(,"validate_only":false)"}) {
    on_private("AddOrder", kPlaced);
    ASSERT_TRUE(run("add_order", order(more)).ok());
    EXPECT_THAT(last().body, Not(HasSubstr("validate")));
  }
}

TEST_F(Trading, ChangesAnOrder) {
  on_private("EditOrder", R"({"status":"ok","txid":"OFVXHJ","originaltxid":"OHYO67","volume":"0.00030000",)"
                          R"("price":"19500.0","orders_cancelled":1,"descr":{"order":"buy"}})");
  ASSERT_TRUE(run("edit_order", R"({"txid":"OHYO67","pair":"XBTUSD","volume":"0.00030000","displayvol":"0.0001",)"
                                R"("price":"19500.0","price2":"32500.0","oflags":["post"],"userref":5,)"
                                R"("deadline":"2026-01-02T03:04:05Z"})")
                  .ok())
      << outcome.message;
  EXPECT_EQ(last().body,
            "txid=OHYO67&pair=XBTUSD&volume=0.00030000&displayvol=0.0001&price=19500.0&price2=32500.0"
            "&oflags=post&userref=5&deadline=2026-01-02T03%3A04%3A05Z");
  EXPECT_EQ(last().flags & (TR_HTTP_NO_RETRY | TR_HTTP_IDEMPOTENT), TR_HTTP_NO_RETRY);
  EXPECT_EQ(at("/txid"), "\"OFVXHJ\"");
  EXPECT_EQ(at("/original_txid"), "\"OHYO67\"");
  EXPECT_EQ(at("/orders_cancelled"), "1");
  EXPECT_EQ(run("edit_order", R"({"txid":"OHYO67","pair":"XBTUSD"})").code, "kraken.bad_input");
  // Its second way of failing.
  on_private("EditOrder", R"({"status":"err","error_message":"EOrder:Insufficient funds"})");
  EXPECT_EQ(run("edit_order", R"({"txid":"OHYO67","pair":"XBTUSD","price":"1"})").code, "kraken.insufficient_funds");
  on_private("EditOrder", R"({"status":"err"})");
  EXPECT_EQ(run("edit_order", R"({"txid":"OHYO67","pair":"XBTUSD","price":"1"})").code, "kraken.order_rejected");
}

TEST_F(Trading, CancelsOneOrAll) {
  on_private("CancelOrder", R"({"count":1,"pending":true})");
  ASSERT_TRUE(run("cancel_order", R"({"txid":"OYVGEW-VYV5B-UUEXSK"})").ok());
  EXPECT_EQ(last().body, "txid=OYVGEW-VYV5B-UUEXSK");
  EXPECT_EQ(at("/pending"), "true");
  on_private("CancelOrder", R"({"count":1})");
  ASSERT_TRUE(run("cancel_order", R"({"cl_ord_id":"mine"})").ok());
  EXPECT_EQ(last().body, "cl_ord_id=mine");
  EXPECT_EQ(at("/pending"), "false");
  for (const auto* input : {"{}", R"({"txid":"O1","cl_ord_id":"mine"})"})
    EXPECT_EQ(run("cancel_order", input).code, "kraken.bad_input");
  on_private("CancelAll", R"({"count":4})");
  ASSERT_TRUE(run("cancel_all_orders").ok());
  EXPECT_EQ(last().body, "");
  EXPECT_EQ(at("/count"), "4");
  for (const auto& request : host.requests()) EXPECT_NE(request.flags & TR_HTTP_NO_RETRY, 0u) << request.url;
}

struct Way {
  const char* skill;
  const char* path;
  std::string input;
  const char* check;  ///< What the hint names.
};
std::vector<Way> ways() {
  return {{"add_order", "AddOrder",
           R"({"pair":"XBTUSD","type":"buy","ordertype":"market","volume":"1","cl_ord_id":"mine-1"})",
           "cl_ord_id \"mine-1\""},
          {"add_order", "AddOrder", R"({"pair":"XBTUSD","type":"buy","ordertype":"market","volume":"1","userref":77})",
           "userref 77"},
          {"edit_order", "EditOrder", R"({"txid":"OHYO67","pair":"XBTUSD","price":"1"})", "OHYO67"},
          {"cancel_order", "CancelOrder", R"({"txid":"OYVGEW"})", "OYVGEW"},
          {"cancel_all_orders", "CancelAll", "{}", "open_orders"}};
}

TEST_F(Trading, SaysThatItMayHaveActedWhenTheAnswerGotLost) {
  for (const Way& way : ways()) {
    for (const auto& reply :
         {sdk::FakeReply::failure(TR_UNAVAILABLE, "provider_unavailable", "reset", TR_RESULT_MAYBE_SENT),
          sdk::FakeReply::failure(TR_DEADLINE_EXCEEDED, "timeout", "too slow", TR_RESULT_MAYBE_SENT),
          sdk::FakeReply(502, "<html>Bad gateway</html>"), sdk::FakeReply(520, ""), sdk::FakeReply(408, ""),
          sdk::FakeReply(200, "<html>"), sdk::FakeReply(200, R"({"error":[]})"), sdk::FakeReply(200, "")}) {
      const auto sent = host.requests().size();
      on("POST", "/0/private/" + std::string(way.path), reply);
      run(way.skill, way.input);
      const auto what = std::string(way.skill) + " " + std::to_string(reply.number()) + reply.body();
      EXPECT_EQ(outcome.code, "kraken.may_have_acted") << what;
      EXPECT_THAT(outcome.message, HasSubstr("may have been")) << what;
      EXPECT_THAT(outcome.hint, HasSubstr(way.check)) << what;
      EXPECT_THAT(outcome.hint, HasSubstr("Do not send it again before")) << what;
      EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL)) << what;
      EXPECT_FALSE(outcome.has_flag(TR_OUT_NEXT)) << what;
      EXPECT_TRUE(outcome.has_flag(TR_OUT_PROVIDER)) << what;
      EXPECT_EQ(outcome.retry_after.count(), 0) << what;
      EXPECT_EQ(host.requests().size(), sent + 1) << what;
    }
  }
}

TEST_F(Trading, NamesTheOrderThatItNamedItselfWhenTheAnswerGotLost) {
  cut("AddOrder", TR_RESULT_MAYBE_SENT);
  run("add_order", order());
  const auto body = last().body;
  const auto id = body.substr(body.find("cl_ord_id=") + 10);
  ASSERT_EQ(id.size(), 36u);
  EXPECT_THAT(outcome.hint, HasSubstr(id));
}

TEST_F(Trading, LeavesTimeToSayWhatMayHaveHappened) {
  const auto timeout_with = [&](std::chrono::milliseconds deadline) {
    on_private("CancelAll", R"({"count":0})");
    host.run("cancel_all_orders", "{}", options_of("cancel_all_orders").deadline_in(deadline));
    return last().timeout_ms;
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(timeout_with(milliseconds(60'000)), 20'000u);
  EXPECT_LE(timeout_with(milliseconds(10'000)), 9'000u);
  EXPECT_GT(timeout_with(milliseconds(10'000)), 8'000u);
  EXPECT_LE(timeout_with(milliseconds(1'000)), 750u);
  on_private("CancelAll", R"({"count":0})");
  run("cancel_all_orders");
  EXPECT_EQ(last().timeout_ms, 0u) << "the provider's own";
}

TEST_F(Trading, SaysSoWhenAnOrderComesBackWithoutItsId) {
  on_private("AddOrder", R"({"descr":{"order":"buy"}})");
  EXPECT_EQ(run("add_order", order()).code, "kraken.may_have_acted");
}

TEST_F(Trading, KnowsThatWhatWasNotSentDidNothing) {
  for (const Way& way : ways()) {
    cut(way.path, TR_RESULT_NOT_SENT);
    EXPECT_EQ(run(way.skill, way.input).code, "provider_unavailable");
    EXPECT_THAT(outcome.message, Not(HasSubstr("may have been")));
    EXPECT_FALSE(outcome.has_flag(TR_OUT_FINAL));
  }
  // And that a check does nothing, whatever becomes of its answer.
  cut("AddOrder", TR_RESULT_MAYBE_SENT);
  EXPECT_EQ(run("add_order", order(R"(,"validate_only":true)")).code, "provider_unavailable");
  EXPECT_THAT(outcome.message, Not(HasSubstr("may have been")));
}

TEST_F(Trading, TakesARefusalForOne) {
  for (const int status : {400, 401, 403, 404, 429}) {
    on("POST", "/0/private/AddOrder", sdk::FakeReply(status, "<html>"));
    run("add_order", order());
    EXPECT_NE(outcome.code, "kraken.may_have_acted") << status;
    EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL)) << status;
  }
}

}  // namespace
}  // namespace toolrack::kraken::testing
