/// What stands between a declarative skill and its provider: credentials, further tries, time, places in line.
#include <gmock/gmock.h>

#include "base/json.hpp"
#include "declarative_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using test::Reply;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSecret = "platform-secret-1234";

class DeclarativeUpstream : public DeclarativeFixture {
 protected:
  /// A tool whose provider names a credential of this scheme; `fields` and `placement` as in the manifest.
  void serve_with_credential(const std::string& request, const std::string& scheme, const std::string& placement = "{}",
                             const std::string& fields = R"({"token":{}})") {
    write(manifest(request, R"(,"credential":"desk")",
                   R"(,"credentials":{"desk":{"fields":)" + fields + R"(,"scheme":")" + scheme + R"(","placement":)" +
                       placement + "}}"));
    start();
  }
  void set_secret() {
    credentials = services::credentials::PlatformCredentials({{"TOOLRACK_CREDENTIAL_DESK", std::string(kSecret)}}, {});
  }
  /// One try of the server's answers, the last one for ever.
  void answer_in_turn(std::vector<Reply> replies) {
    server.on("/base/x", [this, replies = std::move(replies)](const test::RecordedRequest&) {
      return replies[std::min<std::size_t>(asked_++, replies.size() - 1)];
    });
  }
  std::atomic<std::size_t> asked_{0};
};

TEST_F(DeclarativeUpstream, CarriesABearerTokenAndShowsItToNobody) {
  set_secret();
  server.on("/base/x", [](const test::RecordedRequest& request) {
    return Reply::json(R"({"you_sent":")" + request.header("authorization") + "\"}",
                       request.target.ends_with("no") ? 400 : 200);
  });
  serve_with_credential(
      R"({"path":"/x","query":{"q":"{q}"},"errors":[{"status":400,"code":"desk.no","message":"{/you_sent}"}]})",
      "bearer");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"you_sent":"Bearer ********************"})");
  const auto refused = call("bare", "run", R"({"id":"7","q":"no"})");
  EXPECT_EQ(refused.error->message(), "Bearer ********************");
  EXPECT_THAT(refused.error->details_json(), Not(HasSubstr(kSecret)));
  for (const auto& request : server.requests())
    EXPECT_EQ(request.header("authorization"), "Bearer platform-secret-1234");
}

TEST_F(DeclarativeUpstream, PutsACredentialWhereItsSchemeSays) {
  credentials = services::credentials::PlatformCredentials(
      {{"TOOLRACK_CREDENTIAL_DESK_USER", "somebody"}, {"TOOLRACK_CREDENTIAL_DESK_PASS", "pass-word"}}, {});
  server.on("/base/x", Reply::json("{}"));
  serve_with_credential(R"({"path":"/x"})", "basic", R"({"username":"user","password":"pass"})",
                        R"({"user":{"secret":false},"pass":{}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").code(), "ok");
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Basic c29tZWJvZHk6cGFzcy13b3Jk");
}

TEST_F(DeclarativeUpstream, ReplacesAHeaderThatTheBlockWrites) {
  set_secret();
  server.on("/base/x", Reply::json("{}"));
  serve_with_credential(R"({"path":"/x","headers":{"X-Key":"{q}"}})", "header",
                        R"({"name":"x-key","value":"Key {token}"})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7","q":"mine"})").code(), "ok");
  EXPECT_EQ(server.requests().at(0).header("x-key"), "Key platform-secret-1234");
}

TEST_F(DeclarativeUpstream, CarriesItOnEveryPageAlsoWhereTheLinkHoldsIt) {
  set_secret();
  server.on("/base/x", [](const test::RecordedRequest& request) {
    if (request.target == "/base/x?page=2&key=platform-secret-1234") return Reply::json("[2]");
    return Reply::json("[1]").header("Link", "</base/x?key=platform-secret-1234&page=2>; rel=next");
  });
  serve_with_credential(R"({"path":"/x","page":{"items":"","link":true,"max_pages":3}})", "query", R"({"name":"key"})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"items":[1,2]})");
  EXPECT_EQ(server.requests().at(0).target, "/base/x?key=platform-secret-1234");
}

TEST_F(DeclarativeUpstream, CarriesItOnEveryQuestion) {
  set_secret();
  server.on("/base/x", Reply::json(R"({"job":"j","state":"new"})"));
  server.on("/base/jobs/j", Reply::json(R"({"state":"done"})"));
  serve_with_credential(
      R"({"method":"POST","path":"/x",
          "poll":{"path":"/jobs/{/job}","interval_ms":1,"pointer":"/state","done":["done"]}})",
      "bearer");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"state":"done"})");
  for (const auto& request : server.requests())
    EXPECT_EQ(request.header("authorization"), "Bearer platform-secret-1234");
}

TEST_F(DeclarativeUpstream, SignsFormsWithARisingNumber) {
  credentials = services::credentials::PlatformCredentials(
      {{"TOOLRACK_CREDENTIAL_DESK_KEY", "public-key"}, {"TOOLRACK_CREDENTIAL_DESK_SECRET", "c2VjcmV0LXNlY3JldA=="}},
      {});
  server.on("/base/x", Reply::json("{}"));
  serve_with_credential(R"({"method":"POST","path":"/x","form":{"q":"{q}"}})", "hmac-sha512",
                        R"({"key":"key","secret":"secret"})", R"({"key":{},"secret":{}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7","q":"a"})").code(), "ok");
  EXPECT_EQ(call("bare", "run", R"({"id":"7","q":"a"})").code(), "ok");
  const auto first = server.requests().at(0), second = server.requests().at(1);
  EXPECT_EQ(first.header("api-key"), "public-key");
  ASSERT_THAT(first.body, ::testing::MatchesRegex("nonce=[0-9]+&q=a"));
  EXPECT_LT(first.body, second.body);
  const auto number = first.body.substr(6, first.body.find('&') - 6);
  EXPECT_EQ(
      first.header("api-sign"),
      services::credentials::sign_request_hmac_sha512("c2VjcmV0LXNlY3JldA==", "/base/x", number, first.body).value());
}

TEST_F(DeclarativeUpstream, SendsNothingWithoutTheCredentialAndNamesWhatToSet) {
  serve_with_credential(R"({"method":"POST","path":"/x"})", "bearer");
  const auto answer = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(answer.code(), "credential_missing");
  EXPECT_THAT(answer.error->hint(), HasSubstr("TOOLRACK_CREDENTIAL_DESK"));
  EXPECT_TRUE(answer.rest.untouched);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(DeclarativeUpstream, PrefersTheCallersKeyForItsCall) {
  set_secret();
  server.on("/base/x", Reply::json("{}"));
  serve_with_credential(R"({"path":"/x"})", "bearer");
  const auto keys =
      std::make_shared<const registry::ProviderKeys>(registry::ProviderKeys::Values{{"p", "callers-secret"}});
  TestCall one(skill("bare", "run"), R"({"id":"7"})", loops[0]);
  one.invocation.provider_keys = &keys;
  one.start();
  EXPECT_EQ(one.wait().code(), "ok");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").code(), "ok");
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Bearer callers-secret");
  EXPECT_EQ(server.requests().at(1).header("authorization"), "Bearer platform-secret-1234");
}

TEST_F(DeclarativeUpstream, TakesNoCredentialToAnotherOrigin) {
  set_secret();
  test::ScriptedHttpServer foreign;
  foreign.on("/y", Reply::json("{}"));
  server.on("/base/x", Reply::redirect(foreign.url("/y")));
  serve_with_credential(R"({"path":"/x"})", "bearer");
  call("bare", "run", R"({"id":"7"})");
  EXPECT_TRUE(server.requests().at(0).has_header("authorization"));
  for (const auto& request : foreign.requests()) EXPECT_FALSE(request.has_header("authorization"));
}

TEST_F(DeclarativeUpstream, AsksABusyProviderAgainWhereThatIsSafe) {
  answer_in_turn({Reply::json("{}", 503), Reply::json(R"({"a":1})")});
  serve(R"({"path":"/x"})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"a":1})");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(DeclarativeUpstream, AsksOnceWhereItMayHaveActed) {
  answer_in_turn({Reply::json("{}", 503), Reply::json(R"({"a":1})")});
  serve(R"({"method":"POST","path":"/x"})");
  const auto answer = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(answer.code(), "provider_unavailable");
  EXPECT_FALSE(answer.rest.untouched);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(DeclarativeUpstream, AsksAgainByPostWhenTheSkillOnlyReads) {
  answer_in_turn({Reply::json("{}", 503), Reply::json(R"({"a":1})")});
  write(manifest(R"({"method":"POST","path":"/x"})", "", "", R"(,"annotations":{"readOnlyHint":true})"));
  start();
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"a":1})");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(DeclarativeUpstream, LeavesALongWaitToTheCallerWhereverItIsWritten) {
  answer_in_turn({Reply::json(R"({"error":"slow down, please retry after 30.5s, or pay"})", 429),
                  Reply::json("{}", 429).header("X-Reset", "20"), Reply::json("{}")});
  serve(R"({"path":"/x","rate_limit":{"header":"X-Reset"},"errors":[{"status":429,"pointer":"/error","code":"desk.slow",
            "retry_after":{"pointer":"/error","after":"retry after "}}]})");
  const auto in_text = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(in_text.code(), "desk.slow");
  EXPECT_EQ(in_text.error->type(), base::ErrorType::kRateLimit);
  EXPECT_EQ(in_text.error->retry_after(), std::chrono::milliseconds(30'500));
  const auto in_header = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(in_header.error->retry_after(), std::chrono::seconds(20));
  EXPECT_EQ(server.requests().size(), 2U) << "neither was asked again before its time";
}

TEST_F(DeclarativeUpstream, GivesAProviderTheTimeOfItsManifest) {
  server.on("/base/x", Reply::held(Reply::json("{}")));
  write(manifest(R"({"method":"POST","path":"/x"})", R"(,"timeout_ms":30)"));
  start();
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").code(), "timeout");
}

TEST_F(DeclarativeUpstream, SendsAsManyAtOnceAsTheProviderTakes) {
  server.on("/base/x", Reply::held(Reply::json("{}")));
  write(manifest(R"({"method":"POST","path":"/x"})", R"(,"concurrency":1)"));
  start();
  TestCall one(skill("bare", "run"), R"({"id":"7"})", loops[0]), two(skill("bare", "run"), R"({"id":"8"})", loops[1]);
  one.start();
  ASSERT_TRUE(server.wait_for_requests(1));
  two.start();
  two.ticket();  // It has been started, so it waits for its place, or its request is on its way.
  EXPECT_EQ(places.of("p", server.url("/base"))->taken(), 1U);
  EXPECT_EQ(server.requests().size(), 1U);
  one.cancel();
  one.wait();
  ASSERT_TRUE(server.wait_for_requests(2));
  server.release();
  EXPECT_EQ(two.wait().code(), "ok");
  EXPECT_EQ(server.requests().at(1).body, R"({"id":"8"})");
}

}  // namespace
}  // namespace toolrack::sources::native
