/// What takes several requests: keys from making to revoking, calls that wait, a gateway that drains.
#include "transports/rest/rest_handler.hpp"

#include "rest_fixture.hpp"

namespace toolrack::rest {
namespace {

using testing::at;
using testing::exchange;
using testing::parsed;

class RestHandlerTest : public ::testing::Test {
 protected:
  explicit RestHandlerTest(testing::RackOptions options = {}) : rack_({fake_.make()}, options) {}
  ~RestHandlerTest() override {
    fake_.waiting->release();
    rack_.rack.wait_for_calls();
  }
  net::RawReply call(std::string_view skill, const std::string& key = "") {
    return exchange(rack_.port, "POST", "/v1/tools/call", json_headers(key),
                    R"({"tool":"fake","skill":")" + std::string(skill) + "\"}");
  }
  FakeTool fake_;
  testing::ServedRack rack_;
};

class HostedRest : public RestHandlerTest {
 protected:
  HostedRest() : RestHandlerTest({.mode = call::Mode::kHosted, .limits = accounts::LimitSettings{.concurrent = 1}}) {}
};

TEST_F(HostedRest, MakesAKeyThatWorksUntilItIsRevoked) {
  const auto maker = rack_.rack.make_key("acc_one");
  const auto made = exchange(rack_.port, "POST", "/v1/keys", json_headers(maker), R"({"name":"ci"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto body = parsed(made.body);
  const auto key = at(body, "/api_key");
  const auto id = at(body, "/id");
  EXPECT_TRUE(key.starts_with("tr_live_"));
  EXPECT_EQ(call("echo", key).status, 200) << "at once";

  const auto list = exchange(rack_.port, "GET", "/v1/keys", json_headers(key));
  EXPECT_EQ(parsed(list.body)["keys"].Size(), 2u);
  EXPECT_EQ(list.body.find(key), std::string::npos) << "the key itself is never shown again";
  const auto shown = exchange(rack_.port, "GET", "/v1/keys/" + id, json_headers(maker));
  EXPECT_EQ(at(parsed(shown.body), "/status"), "active");
  EXPECT_EQ(at(parsed(shown.body), "/api_key"), "(absent)");

  const auto revoked = exchange(rack_.port, "DELETE", "/v1/keys/" + id, json_headers(maker));
  EXPECT_EQ(revoked.status, 200);
  EXPECT_EQ(at(parsed(revoked.body), "/status"), "revoked");
  EXPECT_EQ(call("echo", key).status, 401) << "at once";
  EXPECT_EQ(exchange(rack_.port, "DELETE", "/v1/keys/" + id, json_headers(maker)).status, 200) << "again is no error";
  EXPECT_EQ(call("echo", maker).status, 200) << "the other key goes on";
}

TEST_F(HostedRest, HidesTheKeysOfOtherAccounts) {
  const auto mine = rack_.rack.make_key("acc_one");
  const auto other = rack_.rack.keys->create("acc_two", "theirs", accounts::Scopes::standard());
  for (const auto* method : {"GET", "DELETE"}) {
    const auto reply = exchange(rack_.port, method, "/v1/keys/" + other->info.id, json_headers(mine));
    EXPECT_EQ(reply.status, 404) << "not even that it exists";
    EXPECT_EQ(at(parsed(reply.body), "/error/code"), "key_not_found");
  }
  EXPECT_EQ(call("echo", other->secret).status, 200);
}

TEST_F(HostedRest, LetsAnOperatorMakeKeysForOthers) {
  const auto operators = rack_.rack.make_key("acc_ops", accounts::Scopes::all());
  const auto made =
      exchange(rack_.port, "POST", "/v1/keys", json_headers(operators), R"({"name":"theirs","account":"acc_new"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(at(parsed(made.body), "/account"), "acc_new");
}

TEST_F(HostedRest, RefusesMoreCallsAtOnceThanTheKeyMayHave) {
  const auto key = rack_.rack.make_key("acc_one");
  auto client = net::RawClient::tcp(rack_.port);
  client.send(
      testing::http_request("POST", "/v1/tools/call", json_headers(key), R"({"tool":"fake","skill":"waiting"})"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  const auto refused = call("echo", key);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(at(parsed(refused.body), "/error/code"), "too_many_concurrent");
  fake_.waiting->release();
  ASSERT_TRUE(client.read_reply());
  EXPECT_EQ(call("echo", key).status, 200) << "the place is free again";
}

TEST_F(HostedRest, SumsUpWhatAnAccountHasUsed) {
  const auto key = rack_.rack.make_key("acc_one");
  EXPECT_EQ(call("echo", key).status, 200);
  EXPECT_EQ(call("fail", key).status, 422);
  EXPECT_EQ(call("priced", key).status, 200);
  const auto usage = parsed(exchange(rack_.port, "GET", "/v1/usage?period=day", json_headers(key)).body);
  EXPECT_EQ(at(usage, "/total_calls"), "3");
  EXPECT_EQ(at(usage, "/total_cost"), "0.00315");
  const auto history = parsed(exchange(rack_.port, "GET", "/v1/usage/history?limit=10", json_headers(key)).body);
  EXPECT_EQ(history["calls"].Size(), 3u);
  const auto other = rack_.rack.make_key("acc_two");
  EXPECT_EQ(at(parsed(exchange(rack_.port, "GET", "/v1/usage", json_headers(other)).body), "/total_calls"), "0");
}

TEST_F(RestHandlerTest, CancelsACallWhenItsClientLeaves) {
  auto client = net::RawClient::tcp(rack_.port);
  client.send(testing::http_request("POST", "/v1/tools/call", json_headers(), R"({"tool":"fake","skill":"waiting"})"));
  ASSERT_TRUE(fake_.waiting->invoked.wait_for(1));
  client.close();
  EXPECT_TRUE(fake_.waiting->cancelled.wait_for(1));
}

TEST_F(RestHandlerTest, AnswersWhatAnotherThreadCompletes) {
  const auto reply = call("later");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.headers.contains("server-timing"));
}

TEST_F(RestHandlerTest, SaysWhereTheTimeWent) {
  const auto timing = testing::header(call("priced"), "server-timing");
  for (const auto* stage : {"validate;dur=", "run;dur=", "settle;dur=", "total;dur="})
    EXPECT_NE(timing.find(stage), std::string::npos) << timing;
}

TEST_F(RestHandlerTest, IsNotReadyWhileItDrains) {
  rack_.rack.is_ready = false;
  EXPECT_EQ(exchange(rack_.port, "GET", "/readyz").status, 503);
  EXPECT_EQ(exchange(rack_.port, "GET", "/health").status, 503);
  EXPECT_EQ(exchange(rack_.port, "GET", "/livez").status, 200) << "alive all the same";
}

TEST_F(RestHandlerTest, ServesRequestsOfOneConnectionInTurn) {
  auto client = net::RawClient::tcp(rack_.port);
  const auto later = testing::http_request("POST", "/v1/tools/call", json_headers(),
                                           R"({"tool":"fake","skill":"later","input":{"n":1}})");
  const auto echo = testing::http_request("POST", "/v1/tools/call", json_headers(),
                                          R"({"tool":"fake","skill":"echo","input":{"n":2}})");
  client.send(later + echo + later);
  EXPECT_EQ(at(parsed(client.read_reply()->body), "/output/n"), "1");
  EXPECT_EQ(at(parsed(client.read_reply()->body), "/output/n"), "2");
  EXPECT_EQ(at(parsed(client.read_reply()->body), "/output/n"), "1");
}

TEST_F(RestHandlerTest, ServesTheOwnersSocketWithoutAKey) {
  auto client = net::RawClient::local(rack_.socket_path);
  client.send(testing::http_request("GET", "/v1/plugins", {}, ""));
  EXPECT_EQ(client.read_reply()->status, 200);
}

TEST_F(HostedRest, TrustsTheOwnersSocketInHostedModeToo) {
  auto client = net::RawClient::local(rack_.socket_path);
  client.send(testing::http_request("POST", "/v1/keys", json_headers(), R"({"name":"first"})"));
  EXPECT_EQ(client.read_reply()->status, 201) << "that is how the first key is made";
}

}  // namespace
}  // namespace toolrack::rest
