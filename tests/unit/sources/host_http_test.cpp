/// toolrack.http/1 against a real server on loopback.
#include <gmock/gmock.h>

#include <memory>

#include "base/json.hpp"
#include "http_fixture.hpp"
#include "services/assets/assets.hpp"
#include "services/assets/directory_store.hpp"
#include "sources/http_targets.hpp"

namespace toolrack::sources::native {
namespace {

using test::Reply;

class HostHttp : public HttpFixture {
 protected:
  void SetUp() override {
    install("http");
    open_with_http();
  }
  base::json::Document run(const std::string& name) {
    auto answer = call("http", name);
    EXPECT_FALSE(answer.error) << answer.error->message();
    auto document = base::json::parse(answer.output);
    EXPECT_TRUE(document) << answer.output;
    return std::move(*document);
  }
  static std::int64_t number(const base::json::Document& document, std::string_view key) {
    return base::json::find_int(document, key).value_or(-1);
  }
  static std::string text(const base::json::Document& document, std::string_view key) {
    return std::string(base::json::find_string(document, key).value_or("(none)"));
  }
};

/// With a credential of the rack's own for the provider "paid", which is the same server.
class HostHttpCredentials : public HostHttp {
 protected:
  void SetUp() override {
    settings.provider_base_urls["paid"] = server.url("/paid");
    credentials = services::credentials::PlatformCredentials({{"TOOLRACK_CREDENTIAL_PAID", "platform-secret"}}, {});
    HostHttp::SetUp();
    server.on("/paid/data", [](const test::RecordedRequest& request) {
      return Reply::json("{}").header("Content-Type", "text/" + request.header("authorization"));
    });
  }
};

TEST_F(HostHttp, SendsBelowTheProvidersBaseUrl) {
  server.on("/base/data", Reply::json(R"({"ok":true})"));
  for (const auto* name : {"get", "get_pooled"}) {
    const auto answer = run(name);
    EXPECT_EQ(number(answer, "status"), TR_OK);
    EXPECT_EQ(number(answer, "number"), 200);
    EXPECT_EQ(number(answer, "size"), 11);
    EXPECT_EQ(text(answer, "type"), "application/json");
    const auto* meta = base::json::find(answer, "meta");
    ASSERT_NE(meta, nullptr);
    EXPECT_EQ(base::json::find_string(*meta, "url"), server.url("/base/data"));
  }
  EXPECT_EQ(server.requests().at(0).header("x-test"), "yes");
}

TEST_F(HostHttp, CallsAnErrorOfTheServerAnAnswer) {
  server.on("/base/busy", Reply::text("later", 429).header("Retry-After", "7"));
  const auto answer = run("busy");
  EXPECT_EQ(number(answer, "status"), TR_OK);
  EXPECT_EQ(number(answer, "number"), 429);
  EXPECT_EQ(number(answer, "retry"), 7'000'000'000);
}

TEST_F(HostHttp, JoinsThePiecesOfABody) {
  server.on("/base/data", Reply::json("{}"));
  EXPECT_EQ(number(run("post"), "number"), 200);
  EXPECT_EQ(server.requests().at(0).method, "POST");
  EXPECT_EQ(server.requests().at(0).body, R"({"half":"whole"})");
}

TEST_F(HostHttp, HandsABodyOverWithoutCopy) {
  server.on("/base/data", Reply::json(R"({"kept":"body, longer than the small buffer of a string"})"));
  EXPECT_EQ(call("http", "keep").output, R"({"kept":"body, longer than the small buffer of a string"})");
}

TEST_F(HostHttp, StreamsABody) {
  server.on("/base/data", Reply::chunked({std::string(500'000, 'a'), std::string(500'000, 'b'), "c"}));
  const auto answer = run("stream");
  EXPECT_EQ(number(answer, "status"), TR_OK);
  EXPECT_EQ(number(answer, "heads"), 1);
  EXPECT_EQ(number(answer, "head"), 200);
  EXPECT_EQ(number(answer, "bytes"), 1'000'001);
  EXPECT_EQ(number(answer, "size"), 0) << "done has no body then";
}

TEST_F(HostHttp, StopsAStreamWhenThePluginHasEnough) {
  server.on("/base/data", Reply::endless(std::string(1000, 'x')));
  const auto answer = run("stop");
  EXPECT_EQ(number(answer, "status"), TR_OK);
  EXPECT_EQ(number(answer, "flags"), TR_RESULT_CUT);
  EXPECT_EQ(number(answer, "number"), 200);
}

TEST_F(HostHttp, HoldsAStreamUntilThePluginResumesIt) {
  server.on("/base/data",
            Reply::chunked({std::string(1000, 'a'), std::string(400'000, 'b'), std::string(400'000, 'c')}));
  const auto answer = run("pause");
  EXPECT_EQ(number(answer, "status"), TR_OK);
  EXPECT_EQ(number(answer, "bytes"), 801'000);
}

TEST_F(HostHttp, CutsAtTheLimit) {
  server.on("/base/data", Reply::text(std::string(100, 'x')));
  const auto answer = run("short");
  EXPECT_EQ(number(answer, "flags") & TR_RESULT_CUT, TR_RESULT_CUT);
  EXPECT_EQ(number(answer, "size"), 10);
}

/// On a host that keeps assets.
class HostHttpAssets : public HostHttp {
 protected:
  void SetUp() override {
    bytes = *services::assets::DirectoryStore::open_directory(directory.path() / "assets");
    assets = std::make_unique<services::assets::Assets>(store, *bytes, base::system_clock(),
                                                        services::assets::AssetSettings{.asset_bytes = 2'000'000});
    environment.assets = assets.get();
    environment.files = &files;
    HostHttp::SetUp();
  }
  std::size_t kept() { return assets->list("account-1", "", 10)->size(); }

  std::unique_ptr<services::assets::DirectoryStore> bytes;
  std::unique_ptr<services::assets::Assets> assets;
  base::Pool files{"files", 2};
};

TEST_F(HostHttpAssets, PutsABodyIntoAnAsset) {
  auto reply = Reply::chunked({std::string(700'000, 'a'), std::string(700'000, 'b'), "c"});
  server.on("/base/data", std::move(reply).header("X-More", "1"));
  const auto answer = run("asset");
  EXPECT_EQ(number(answer, "status"), TR_OK);
  EXPECT_EQ(number(answer, "number"), 200);
  const auto all = assets->list("account-1", "", 10);
  ASSERT_EQ(all->size(), 1U);
  const auto& asset = all->front();
  EXPECT_EQ(number(answer, "size"), static_cast<std::int64_t>(services::assets::describe(asset).size()))
      << "done is told what the asset is";
  EXPECT_EQ(asset.bytes, 1'400'001U);
  EXPECT_EQ(asset.name, "data") << "the end of the URL";
  const auto reader = assets->open(asset);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->read(699'999, 2), "ab");
  EXPECT_EQ((*reader)->read(1'400'000, 10), "c");
}

TEST_F(HostHttpAssets, SendsAnAssetAsPartOfABody) {
  server.on("/base/data", Reply::json("{}"));
  auto writer = assets->create({.account = "account-1", .name = "a", .media_type = "text/plain"});
  ASSERT_TRUE((*writer)->append(std::string(600'000, 'a')));
  const auto id = (*writer)->close()->id;
  EXPECT_EQ(call("http", "post_asset", R"({"id":")" + id + "\"}").code(), "ok");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests().at(0).body, std::string(600'000, 'a') + R"("whole"})");
}

TEST_F(HostHttpAssets, SendsNothingForAnAssetOfSomebodyElse) {
  auto writer = assets->create({.account = "account-2", .name = "a", .media_type = "text/plain"});
  const auto id = (*writer)->close()->id;
  const auto answer = base::json::parse(call("http", "post_asset", R"({"id":")" + id + "\"}").output);
  ASSERT_TRUE(answer);
  EXPECT_EQ(text(*answer, "code"), "asset_not_found");
  EXPECT_EQ(number(*answer, "flags"), TR_RESULT_NOT_SENT);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HostHttpAssets, HandsAnAnswerThatIsNoSuccessOver) {
  server.on("/base/data", Reply::json(R"({"error":"gone"})", 404));
  const auto answer = run("asset");
  EXPECT_EQ(number(answer, "number"), 404);
  EXPECT_EQ(number(answer, "size"), 16);
  EXPECT_EQ(kept(), 0U);
}

TEST_F(HostHttpAssets, KeepsNothingOfABodyThatIsTooLargeOrBreaksOff) {
  server.on("/base/data", Reply::endless(std::string(10'000, 'x')));
  EXPECT_EQ(text(run("asset"), "code"), "body_too_large");
  EXPECT_EQ(kept(), 0U);
  server.on("/base/data", Reply::cut_off("half", 1'000));
  EXPECT_NE(number(run("asset"), "status"), TR_OK);
  EXPECT_EQ(kept(), 0U);
}

TEST_F(HostHttpAssets, KeepsNothingOfACancelledCall) {
  server.on("/base/data", Reply::held_between({std::string(1'000, 'a'), "b"}));
  TestCall one(skill("http", "asset"), "{}", loops[0]);
  one.start();
  ASSERT_TRUE(server.wait_for_requests(1));
  one.cancel();
  const auto document = base::json::parse(one.wait().output);
  ASSERT_TRUE(document);
  EXPECT_EQ(number(*document, "status"), TR_CANCELLED);
  EXPECT_EQ(kept(), 0U);
}

TEST_F(HostHttp, NamesAMissingCredential) {
  const auto answer = run("secret");
  EXPECT_EQ(number(answer, "status"), TR_UNAUTHENTICATED);
  EXPECT_EQ(text(answer, "code"), "credential_missing");
  EXPECT_EQ(number(answer, "flags"), TR_RESULT_NOT_SENT);
}

TEST_F(HostHttpCredentials, AddsThePlatformsAndShowsThePluginNothing) {
  const auto answer = run("secret");
  EXPECT_EQ(number(answer, "number"), 200);
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Bearer platform-secret");
  EXPECT_EQ(text(answer, "type"), "text/Bearer ***************");
}

TEST_F(HostHttpCredentials, PrefersTheCallersKeyForItsCall) {
  const auto keys =
      std::make_shared<const registry::ProviderKeys>(registry::ProviderKeys::Values{{"paid", "callers-secret"}});
  TestCall one(skill("http", "secret"), "{}", loops[0]);
  one.invocation.provider_keys = &keys;
  one.start();
  EXPECT_THAT(one.wait().output, ::testing::HasSubstr("\"number\":200"));
  run("secret");
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Bearer callers-secret");
  EXPECT_EQ(server.requests().at(1).header("authorization"), "Bearer platform-secret");
}

TEST_F(HostHttpCredentials, SendsOneOnlyToTheProviderThatNamesIt) {
  const auto elsewhere = run("secret_elsewhere");
  EXPECT_EQ(number(elsewhere, "status"), TR_INVALID_ARGUMENT);
  EXPECT_EQ(number(elsewhere, "flags"), TR_RESULT_NOT_SENT);
  const auto unknown = run("secret_unknown");
  EXPECT_EQ(number(unknown, "status"), TR_INVALID_ARGUMENT);
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(number(run("secret_not_wanted"), "number"), 200);
  EXPECT_FALSE(server.requests().at(0).has_header("authorization"));
}

TEST_F(HostHttp, RefusesWhatItCannotDoOrMayNot) {
  EXPECT_EQ(number(run("asset"), "status"), TR_UNIMPLEMENTED);
  const auto foreign = run("foreign");
  EXPECT_EQ(number(foreign, "status"), TR_PERMISSION_DENIED);
  EXPECT_EQ(text(foreign, "code"), "egress_refused");
  EXPECT_EQ(number(foreign, "flags"), TR_RESULT_NOT_SENT);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HostHttp, SendsTwoRequestsOfOneCallAtOnce) {
  server.on("/base/data", Reply::json("{}"));
  EXPECT_EQ(number(run("both"), "number"), 200);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(HostHttp, ClosesTheRequestOfACancelledCall) {
  server.on("/base/slow", Reply::held(Reply::text("never")));
  server.on("/base/data", Reply::text("x"));
  run("get");
  TestCall one(skill("http", "slow"), "{}", loops[0]);
  one.start();
  ASSERT_TRUE(server.wait_for_requests(2));
  one.cancel();
  const auto document = base::json::parse(one.wait().output);
  ASSERT_TRUE(document);
  EXPECT_EQ(number(*document, "status"), TR_CANCELLED);
  EXPECT_EQ(number(*document, "flags"), TR_RESULT_MAYBE_SENT);
}

TEST_F(HostHttp, InheritsTheDeadlineOfTheCall) {
  server.on("/base/slow", Reply::held(Reply::text("never")));
  server.on("/base/data", Reply::text("x"));
  run("get");
  TestCall one(skill("http", "slow"), "{}", loops[0]);
  one.invocation.deadline_ns = base::system_clock().monotonic_ns() + 50'000'000;
  one.start();
  const auto document = base::json::parse(one.wait().output);
  ASSERT_TRUE(document);
  EXPECT_THAT(number(*document, "status"), ::testing::AnyOf(TR_CANCELLED, TR_DEADLINE_EXCEEDED));
}

TEST_F(HostHttp, SendsWhereTheProviderWasMovedTo) {
  server.on("/base/data", Reply::json("{}"));
  test::ScriptedHttpServer other;
  other.on("/v2/data", Reply::json(R"({"ok":true})"));
  EXPECT_EQ(number(run("get"), "size"), 2);
  source->move_providers({{"local", other.url("/v2/")}});
  EXPECT_EQ(number(run("get"), "size"), 11);
  EXPECT_EQ(number(run("get_pooled"), "size"), 11);
  EXPECT_EQ(other.requests().size(), 2u);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(HttpTargets, FindsTheHostOfAUrl) {
  EXPECT_EQ(host_of("https://api.example.com/v1"), "api.example.com");
  EXPECT_EQ(host_of("http://127.0.0.1:8080"), "127.0.0.1");
  EXPECT_EQ(host_of("http://[::1]:8080/x"), "[::1]");
  EXPECT_EQ(host_of("https://user@host.example/"), "host.example");
  EXPECT_EQ(host_of("/relative"), "");
}

}  // namespace
}  // namespace toolrack::sources::native
