/// Requests to providers against a real server on loopback.
#include "services/upstream/client.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/encoding.hpp"
#include "services/upstream/retry.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"
#include "support/refusing_port.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

namespace credentials = services::credentials;
namespace upstream = services::upstream;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kToken = "tok-0123456789-secret";

class UpstreamClient : public ::testing::Test {
 protected:
  upstream::Request to(std::string path, std::string method = "GET") {
    upstream::Request request;
    request.http.method = std::move(method);
    request.http.url = server.url(path);
    request.http.timeout = 10s;
    return request;
  }
  static registry::Credential scheme(registry::CredentialScheme kind) {
    registry::Credential out;
    out.name = "paid";
    out.fields = {{.name = "token"}};
    out.scheme = kind;
    out.wire_name = kind == registry::CredentialScheme::kQuery ? "key" : "Authorization";
    out.value = "{token}";
    out.username = "token";
    return out;
  }
  static credentials::Signing token(registry::CredentialScheme kind) {
    return {scheme(kind), credentials::Secrets{{"token", std::string(kToken)}}, false};
  }
  static credentials::Signing signer() {
    registry::Credential out;
    out.name = "kraken";
    out.fields = {{.name = "api_key"}, {.name = "api_secret"}};
    out.scheme = registry::CredentialScheme::kHmacSha512;
    out.wire_name = "API-Sign";
    out.key = "api_key";
    out.key_name = "API-Key";
    out.secret = "api_secret";
    out.nonce = "nonce";
    return {out, credentials::Secrets{{"api_key", "k-12345678"}, {"api_secret", "c2VjcmV0c2VjcmV0"}}, false};
  }
  std::shared_ptr<std::optional<Outcome>> start(upstream::Request request, Sink* sink = nullptr) {
    const auto outcome = std::make_shared<std::optional<Outcome>>();
    last_id = client.send(std::move(request), sink, [outcome](Outcome result) { *outcome = std::move(result); });
    EXPECT_FALSE(*outcome) << "done ran inside send";
    return outcome;
  }
  Outcome send(upstream::Request request, Sink* sink = nullptr) {
    const auto outcome = start(std::move(request), sink);
    EXPECT_TRUE(http.run_until([&] { return outcome->has_value(); }));
    return std::move(outcome->value());
  }
  /// Answers with each of these once, then with the last for ever.
  void answer_in_turn(const std::string& path, std::vector<Reply> replies) {
    server.on(path, [replies = std::move(replies), count = std::make_shared<std::atomic<std::size_t>>(0)](
                        const RecordedRequest&) { return replies[std::min(count->fetch_add(1), replies.size() - 1)]; });
  }

  ScriptedHttpServer server;
  HttpFixture http;
  toolrack::testing::MemoryStore store;
  credentials::Nonces nonces{store, base::system_clock()};
  upstream::Places places;
  upstream::Client client{{.loop = http.loop, .http = *http.client, .nonces = nonces, .clock = base::system_clock()}};
  RequestId last_id = 0;
};

TEST_F(UpstreamClient, AddsTheCredentialAndHidesItInWhatComesBack) {
  server.on("*", [](const RecordedRequest& request) {
    return Reply::text("you sent " + request.header("authorization") + " to " + request.target)
        .header("X-Echo", request.header("authorization") + request.target);
  });
  for (const auto kind : {registry::CredentialScheme::kHeader, registry::CredentialScheme::kBearer,
                          registry::CredentialScheme::kBasic, registry::CredentialScheme::kQuery}) {
    auto request = to("/echo");
    request.signing.emplace(token(kind));
    const auto outcome = send(std::move(request));
    ASSERT_TRUE(outcome);
    const auto shown = outcome->body + outcome->url + header_of(*outcome, "x-echo");
    EXPECT_THAT(shown, Not(HasSubstr(std::string(kToken))));
    EXPECT_THAT(shown, Not(HasSubstr(base::to_base64(std::string(kToken) + ":"))));
    EXPECT_THAT(shown, HasSubstr("***"));
    const auto seen = server.requests().back();
    EXPECT_TRUE(seen.header("authorization").size() + seen.target.size() > kToken.size()) << "the control: it was sent";
  }
}

/// Notes what it is given.
class NotingSink : public Sink {
 public:
  Next head(const Response& response) override {
    ++heads;
    status = response.status;
    return Next::kMore;
  }
  Next body(std::string_view bytes) override {
    text += bytes;
    return Next::kMore;
  }
  int heads = 0, status = 0;
  std::string text;
};

TEST_F(UpstreamClient, HidesASecretBetweenThePiecesOfAStream) {
  const std::string secret(kToken);
  server.on("/stream", Reply::chunked({"a " + secret.substr(0, 5), secret.substr(5, 3), secret.substr(8) + " b tok-"}));
  NotingSink sink;
  auto request = to("/stream");
  request.signing.emplace(token(registry::CredentialScheme::kBearer));
  ASSERT_TRUE(send(std::move(request), &sink));
  EXPECT_EQ(sink.text, "a " + std::string(secret.size(), '*') + " b tok-");
}

TEST_F(UpstreamClient, KeepsTheCredentialAtItsOrigin) {
  ScriptedHttpServer other;
  other.on("*", Reply::text("there"));
  server.on("/away", Reply::redirect(other.url("/caught")));
  server.on("/leak", Reply::redirect(other.url("/caught?key=" + std::string(kToken))));
  server.on("/here", Reply::redirect("/landed"));
  server.on("/landed", Reply::text("here"));
  for (const auto kind : {registry::CredentialScheme::kHeader, registry::CredentialScheme::kBearer,
                          registry::CredentialScheme::kBasic, registry::CredentialScheme::kQuery}) {
    auto request = to("/away");
    request.signing.emplace(token(kind));
    ASSERT_TRUE(send(std::move(request)));
    EXPECT_FALSE(other.requests().back().has_header("authorization"));
    EXPECT_THAT(other.requests().back().target, Not(HasSubstr(std::string(kToken))));
  }
  const auto before = other.requests().size();
  auto leaking = to("/leak");
  leaking.signing.emplace(token(registry::CredentialScheme::kQuery));
  const auto outcome = send(std::move(leaking));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status, 302) << "a redirect that carries the secret away is the answer";
  EXPECT_EQ(other.requests().size(), before);
  EXPECT_THAT(header_of(*outcome, "location"), Not(HasSubstr(std::string(kToken))));
  // The control: the same origin gets it again, and without a credential the same redirect is followed.
  auto home = to("/here");
  home.signing.emplace(token(registry::CredentialScheme::kBearer));
  ASSERT_TRUE(send(std::move(home)));
  EXPECT_EQ(server.requests().back().header("authorization"), "Bearer " + std::string(kToken));
  ASSERT_TRUE(send(to("/leak")));
  EXPECT_EQ(other.requests().size(), before + 1);
}

TEST_F(UpstreamClient, SignsWithRisingNumbersOneRequestAtATime) {
  std::atomic<int> inside{0}, most{0};
  server.on("/0/private/Balance", [&](const RecordedRequest&) {
    most = std::max(most.load(), ++inside);
    std::this_thread::yield();
    --inside;
    return Reply::json("{}");
  });
  std::vector<std::shared_ptr<std::optional<Outcome>>> outcomes;
  for (int i = 0; i < 20; ++i) {
    auto request = to("/0/private/Balance", "POST");
    request.signing.emplace(signer());
    outcomes.push_back(start(std::move(request)));
  }
  ASSERT_TRUE(http.run_until([&] {
    return std::all_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) { return outcome->has_value(); });
  }));
  std::uint64_t last = 0;
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 20u);
  for (const auto& request : requests) {
    ASSERT_TRUE(request.body.starts_with("nonce="));
    const auto nonce = std::stoull(request.body.substr(6));
    EXPECT_GT(nonce, last);
    last = nonce;
    EXPECT_EQ(request.header("api-sign"), *credentials::sign_request_hmac_sha512("c2VjcmV0c2VjcmV0", request.path(),
                                                                                 std::to_string(nonce), request.body));
  }
  EXPECT_EQ(most, 1);
}

TEST_F(UpstreamClient, TriesAgainWhereThatIsSafe) {
  struct Row {
    const char* why;
    const char* method;
    bool is_idempotent, may_retry;
    Reply first;
    std::size_t requests;
    int status;
  };
  const std::vector<Row> rows = {
      {"a GET that was hung up on", "GET", false, true, Reply::hang_up(), 2, 200},
      {"a GET that is asked to come again", "GET", false, true, Reply::text("busy", 503), 2, 200},
      {"a PUT after a bad gateway", "PUT", false, true, Reply::text("bad", 502), 2, 200},
      {"a POST that says it may", "POST", true, true, Reply::reset(), 2, 200},
      {"a POST that may have acted", "POST", false, true, Reply::hang_up(), 1, 0},
      {"a POST that was answered", "POST", false, true, Reply::text("busy", 503), 1, 503},
      {"a PATCH that may have acted", "PATCH", false, true, Reply::reset(), 1, 0},
      {"a GET that must not", "GET", false, false, Reply::hang_up(), 1, 0},
      {"an idempotent POST that must not", "POST", true, false, Reply::text("busy", 503), 1, 503},
      {"an error that another try does not change", "GET", false, true, Reply::text("broken", 500), 1, 500},
      {"what is not found", "GET", false, true, Reply::text("no", 404), 1, 404},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.why);
    const auto path = "/" + std::to_string(&row - rows.data());
    answer_in_turn(path, {row.first, Reply::text("ok")});
    const auto before = server.requests().size();
    auto request = to(path, row.method);
    request.is_idempotent = row.is_idempotent;
    request.may_retry = row.may_retry;
    const auto outcome = send(std::move(request));
    EXPECT_EQ(server.requests().size() - before, row.requests);
    EXPECT_EQ(outcome ? outcome->status : 0, row.status);
    if (!outcome) EXPECT_EQ(outcome.error().sent, Sent::kMaybe);
  }
}

TEST_F(UpstreamClient, TriesAPostAgainThatNobodyTook) {
  const RefusingPort port;
  upstream::Request request;
  request.http = {.method = "POST", .url = "http://" + port.authority() + "/", .timeout = 10s};
  const auto outcome = start(std::move(request));
  std::optional<ScriptedHttpServer> back;
  // It comes back between two tries.
  ASSERT_TRUE(http.run_until(
      [&] { return http.metric("toolrack_http_requests_total{outcome=\"provider_unavailable\"}") == "1"; }));
  back.emplace(ScriptedHttpServer::Options{.address = "127.0.0.1", .port = port.number(), .certificate = {}});
  back->on("/", Reply::text("ok"));
  ASSERT_TRUE(http.run_until([&] { return outcome->has_value(); }));
  ASSERT_TRUE(outcome->value());
  EXPECT_EQ(back->requests().size(), 1u);
}

TEST_F(UpstreamClient, GivesUpAfterThreeTries) {
  server.on("/", Reply::text("busy", 503));
  const auto outcome = send(to("/"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status, 503);
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(UpstreamClient, LeavesALongWaitToTheCaller) {
  for (const auto* after : {"11", "Fri, 31 Dec 2999 23:59:59 GMT"}) {
    server.on("/", Reply::text("busy", 429).header("Retry-After", after));
    const auto before = server.requests().size();
    EXPECT_EQ(send(to("/"))->status, 429);
    EXPECT_EQ(server.requests().size() - before, 1u) << after;
  }
  server.on("/", Reply::text("busy", 429).header("Retry-After", "2"));
  auto hasty = to("/");
  hasty.http.timeout = 1s;
  const auto before = server.requests().size();
  EXPECT_EQ(send(std::move(hasty))->status, 429) << "the wait would not fit into the deadline";
  EXPECT_EQ(server.requests().size() - before, 1u);
}

TEST_F(UpstreamClient, ShowsASinkTheLastTryOnly) {
  answer_in_turn("/", {Reply::text("busy", 503), Reply::hang_up(), Reply::text("whole")});
  NotingSink sink;
  const auto outcome = send(to("/"), &sink);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(sink.heads, 1);
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.text, "whole");
}

TEST_F(UpstreamClient, DoesNotBeginAStreamAnew) {
  answer_in_turn("/", {Reply::cut_off("half", 100), Reply::text("whole")});
  NotingSink sink;
  EXPECT_FALSE(send(to("/"), &sink));
  EXPECT_EQ(sink.text, "half");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(UpstreamClient, SendsAProviderSoManyRequestsAtOnce) {
  server.on("/", Reply::held(Reply::text("ok")));
  std::vector<std::shared_ptr<std::optional<Outcome>>> outcomes;
  const auto place = places.of("slow", server.url(""));
  for (int i = 0; i < 5; ++i) {
    auto request = to("/");
    request.places = place;
    request.concurrency = 2;
    outcomes.push_back(start(std::move(request)));
  }
  const auto done = [&] {
    return std::count_if(outcomes.begin(), outcomes.end(), [](const auto& outcome) { return outcome->has_value(); });
  };
  for (std::size_t finished = 0; finished < 5; ++finished) {
    ASSERT_TRUE(http.run_until([&] { return server.requests().size() == std::min<std::size_t>(finished + 2, 5); }));
    http.loop.context().run_for(10ms);
    EXPECT_EQ(server.requests().size(), std::min<std::size_t>(finished + 2, 5));
    server.release();
    ASSERT_TRUE(http.run_until([&] { return done() == static_cast<std::ptrdiff_t>(finished + 1); }));
  }
  EXPECT_EQ(place->taken(), 0u);
}

TEST_F(UpstreamClient, EndsWhatWaitsForAPlaceOrATurn) {
  server.on("/", Reply::held(Reply::text("ok")));
  const auto place = places.of("slow", server.url(""));
  for (const bool signs : {false, true}) {
    const auto ask = [&](std::chrono::milliseconds timeout) {
      auto request = to("/", "POST");
      request.http.timeout = timeout;
      if (signs)
        request.signing.emplace(signer());
      else
        request.places = place;
      request.concurrency = 1;
      return start(std::move(request));
    };
    const auto before = server.requests().size();
    const auto running = ask(10s);
    ASSERT_TRUE(http.run_until([&] { return server.requests().size() == before + 1; }));
    const auto late = ask(30ms);
    ASSERT_TRUE(http.run_until([&] { return late->has_value(); }));
    EXPECT_EQ(late->value().error().error.code(), ErrorCode::kTimeout);
    EXPECT_EQ(late->value().error().sent, Sent::kNo);
    const auto cancelled = ask(10s);
    http.loop.context().run_for(5ms);
    client.cancel(last_id);
    ASSERT_TRUE(http.run_until([&] { return cancelled->has_value(); }));
    EXPECT_EQ(cancelled->value().error().error.code(), ErrorCode::kCancelled);
    EXPECT_EQ(cancelled->value().error().sent, Sent::kNo);
    server.release();
    ASSERT_TRUE(http.run_until([&] { return running->has_value(); }));
    EXPECT_TRUE(running->value());
    EXPECT_EQ(server.requests().size(), before + 1);
  }
  EXPECT_EQ(place->taken(), 0u);
}

TEST_F(UpstreamClient, ClosesTheSocketOfACancelledRequest) {
  server.on("/", Reply::held(Reply::text("never")));
  const auto outcome = start(to("/"));
  ASSERT_TRUE(http.run_until([&] { return server.requests().size() == 1; }));
  client.cancel(last_id);
  ASSERT_TRUE(http.run_until([&] { return outcome->has_value(); }));
  EXPECT_TRUE(server.wait_for_open(0)) << "seen by the far end, which does not close by itself";
  EXPECT_EQ(outcome->value().error().error.code(), ErrorCode::kCancelled);
  EXPECT_EQ(server.requests().size(), 1u) << "a cancelled request is not tried again";
}

TEST(Retry, ReadsSecondsAndDates) {
  constexpr std::int64_t kNow = 1'795'219'200'000'000'000;  // 2026-11-21T00:00:00Z
  const auto after = [&](std::string value) {
    return upstream::retry_after({.status = 429, .headers = {{"retry-after", std::move(value)}}}, kNow);
  };
  EXPECT_EQ(after("7"), 7s);
  EXPECT_EQ(after("Sat, 21 Nov 2026 00:01:00 GMT"), 60s);
  EXPECT_EQ(after("Fri, 20 Nov 2026 00:00:00 GMT"), 0s) << "in the past";
  EXPECT_EQ(after("soon"), std::nullopt);
  EXPECT_EQ(after("99999999999"), 365 * 24h) << "longer than anybody waits";
  EXPECT_EQ(upstream::retry_after({}, kNow), std::nullopt);
}

TEST(Retry, WaitsLongerEachTimeWithJitter) {
  for (std::uint32_t attempt = 0; attempt < 3; ++attempt) {
    const auto most = std::chrono::milliseconds(200U << attempt);
    for (const std::uint32_t random : {0U, 1U, 12345U, 0xffffffffU}) {
      EXPECT_GE(upstream::backoff(attempt, random), most / 4);
      EXPECT_LT(upstream::backoff(attempt, random), most);
    }
  }
}

}  // namespace
}  // namespace toolrack::test
