/// Requests that are recorded against a real server on loopback, and answered from the record without one.
#include "services/upstream/http_record.hpp"

#include <gmock/gmock.h>

#include "services/upstream/client.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

namespace credentials = services::credentials;
namespace recorder = services::recorder;
namespace upstream = services::upstream;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::string_view kToken = "tok-0123456789-secret";

/// Holds after the first piece, until it is told to go on.
class HoldingSink : public Sink {
 public:
  Next head(const Response& response) override {
    status = response.status;
    return Next::kMore;
  }
  Next body(std::string_view bytes) override {
    text += bytes;
    return ++pieces == 1 ? Next::kPause : Next::kMore;
  }
  int status = 0, pieces = 0;
  std::string text;
};

class HttpRecord : public ::testing::Test {
 protected:
  upstream::Request to(std::string path, recorder::Recording& recording) {
    upstream::Request request;
    request.http.url = server->url(path);
    request.http.timeout = 10s;
    request.recording = &recording;
    request.credential = "paid";
    return request;
  }
  static credentials::Signing signing(registry::CredentialScheme kind) {
    registry::Credential out;
    out.name = "paid";
    out.scheme = kind;
    if (kind == registry::CredentialScheme::kHmacSha512) {
      out.fields = {{.name = "api_key"}, {.name = "api_secret"}};
      out.wire_name = "API-Sign";
      out.key = "api_key";
      out.key_name = "API-Key";
      out.secret = "api_secret";
      out.nonce = "nonce";
      return {out, credentials::Secrets{{"api_key", std::string(kToken)}, {"api_secret", "c2VjcmV0c2VjcmV0"}}, false};
    }
    out.fields = {{.name = "token"}};
    out.wire_name = kind == registry::CredentialScheme::kQuery ? "key" : "Authorization";
    out.value = "{token}";
    out.username = "token";
    return {out, credentials::Secrets{{"token", std::string(kToken)}}, false};
  }
  Outcome send(upstream::Request request, Sink* sink = nullptr, const std::function<void()>& meanwhile = {}) {
    const auto outcome = std::make_shared<std::optional<Outcome>>();
    last_id = client.send(std::move(request), sink, [outcome](Outcome result) { *outcome = std::move(result); });
    EXPECT_TRUE(http.run_until([&] {
      if (meanwhile) meanwhile();
      return outcome->has_value();
    }));
    return std::move(outcome->value());
  }

  std::unique_ptr<ScriptedHttpServer> server = std::make_unique<ScriptedHttpServer>();
  HttpFixture http;
  toolrack::testing::MemoryStore store;
  credentials::Nonces nonces{store, base::system_clock()};
  upstream::Client client{{.loop = http.loop, .http = *http.client, .nonces = nonces, .clock = base::system_clock()}};
  RequestId last_id = 0;
};

TEST_F(HttpRecord, AnswersWithoutNetworkAsTheFarEndDid) {
  server->on("/text", Reply::text("hello").header("X-Kind", "text"));
  server->on("/bytes", Reply::text(std::string("\xff\x00\xfe", 3)));
  recorder::Recording recording;
  ASSERT_TRUE(send(to("/text", recording)));
  ASSERT_TRUE(send(to("/bytes", recording)));
  ASSERT_TRUE(send(to("/absent", recording)));
  auto again = to("/text", recording), bytes = to("/bytes", recording), absent = to("/absent", recording);
  server.reset();

  recorder::Recording replay(recording.operations());
  for (auto* each : {&again, &bytes, &absent}) each->recording = &replay;
  const auto text = send(std::move(again));
  ASSERT_TRUE(text) << text.error().error.message();
  EXPECT_EQ(text->body, "hello");
  EXPECT_EQ(text->status, 200);
  bool has_header = false;
  for (const auto& header : text->headers)
    has_header = has_header || (header.name == "x-kind" && header.value == "text");
  EXPECT_TRUE(has_header);
  EXPECT_EQ(send(std::move(bytes))->body, std::string("\xff\x00\xfe", 3));
  EXPECT_EQ(send(std::move(absent))->status, 404);
  EXPECT_THAT(replay.left_over(), SizeIs(0));
}

TEST_F(HttpRecord, KeepsAFailureAndFailsTheSameWay) {
  server->on("/broken", Reply::text("never").header("X", "y"));
  recorder::Recording recording;
  auto request = to("/broken", recording), again = to("/broken", recording);
  server.reset();
  request.may_retry = false;
  const auto failed = send(std::move(request));
  ASSERT_FALSE(failed);
  recorder::Recording replay(recording.operations());
  again.recording = &replay;
  const auto replayed = send(std::move(again));
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().error.code(), failed.error().error.code());
  EXPECT_EQ(replayed.error().error.message(), failed.error().error.message());
  EXPECT_EQ(replayed.error().sent, failed.error().sent);
}

TEST_F(HttpRecord, KeepsThatASecretWasMissingAndMissesItAgain) {
  recorder::Recording recording;
  auto request = to("/", recording), again = to("/", recording);
  request.refusal = base::Error(base::ErrorCode::kInvalidConfig, "it is not set up", "Set it.").with_name("no_secret");
  const auto refused = send(std::move(request));
  ASSERT_FALSE(refused);
  EXPECT_THAT(server->requests(), SizeIs(0));
  recorder::Recording replay(recording.operations());
  again.recording = &replay;  // Of a replay nobody looks for secrets.
  const auto replayed = send(std::move(again));
  ASSERT_FALSE(replayed);
  for (const auto* failure : {&refused.error(), &replayed.error()}) {
    EXPECT_EQ(failure->error.code(), base::ErrorCode::kInvalidConfig);
    EXPECT_EQ(failure->error.name(), "no_secret");
    EXPECT_EQ(failure->error.message(), "it is not set up");
    EXPECT_EQ(failure->error.hint(), "Set it.");
    EXPECT_EQ(failure->sent, Sent::kNo);
  }
  EXPECT_THAT(replay.divergences(), SizeIs(0));
}

TEST_F(HttpRecord, RefusesARequestThatIsNotInTheRecordWithoutSendingIt) {
  recorder::Recording replay(std::vector<recorder::Operation>{});
  const auto outcome = send(to("/other", replay));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.name(), "replay_diverged");
  EXPECT_EQ(outcome.error().sent, Sent::kNo);
  EXPECT_THAT(server->requests(), SizeIs(0));
}

TEST_F(HttpRecord, HoldsNoSecretOfAnySchemeEvenWhenTheFarEndRepeatsIt) {
  server->on("*", [](const RecordedRequest& request) {
    auto all = request.target + " " + request.body;
    for (const auto* name : {"authorization", "api-sign", "api-key"}) all += " " + request.header(name);
    return Reply::text(all).header("X-Echo", request.header("authorization") + request.header("api-sign"));
  });
  for (const auto kind :
       {registry::CredentialScheme::kHeader, registry::CredentialScheme::kBearer, registry::CredentialScheme::kBasic,
        registry::CredentialScheme::kQuery, registry::CredentialScheme::kHmacSha512}) {
    recorder::Recording recording;
    auto request = to("/echo", recording);
    if (kind == registry::CredentialScheme::kHmacSha512) {
      request.http.method = "POST";
      request.http.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
      request.http.body = "pair=XBTUSD";
    }
    request.signing.emplace(signing(kind));
    const auto outcome = send(std::move(request));
    ASSERT_TRUE(outcome) << outcome.error().error.message();
    ASSERT_THAT(recording.operations(), SizeIs(1));
    const auto operation = recording.operations().front();
    const auto kept = operation.request + operation.reply;
    EXPECT_THAT(kept, HasSubstr("\"credential\":\"paid\""));
    EXPECT_THAT(kept, HasSubstr("***")) << "the control: it was sent, and came back";
    const auto seen = server->requests().back();
    for (const auto& secret : {std::string(kToken), std::string("c2VjcmV0c2VjcmV0"), seen.header("authorization"),
                               seen.header("api-sign")}) {
      if (!secret.empty()) EXPECT_THAT(kept, Not(HasSubstr(secret)));
    }
    if (const auto at = seen.body.find("nonce="); at != std::string::npos) {
      const auto nonce = seen.body.substr(at + 6, seen.body.find('&', at) - at - 6);
      ASSERT_GT(nonce.size(), 6U);
      EXPECT_THAT(kept, Not(HasSubstr(nonce)));
    }
  }
}

TEST_F(HttpRecord, GivesASinkItsPiecesAndWaitsWhenItHolds) {
  const std::string long_text(100'000, 'x');
  server->on("/long", Reply::text(long_text));
  recorder::Recording recording;
  HoldingSink sink;
  ASSERT_TRUE(send(to("/long", recording), &sink, [&] { client.resume(last_id); }));
  ASSERT_EQ(sink.text, long_text);

  recorder::Recording replay(recording.operations());
  HoldingSink again;
  const auto outcome = send(to("/long", replay), &again, [&] {
    if (again.pieces == 1) client.resume(last_id);
  });
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->body.empty());
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.text, long_text);
  EXPECT_GT(again.pieces, 1);
}

TEST_F(HttpRecord, LeavesARequestThatWasTakenBackOpenUntilItIsTakenBackAgain) {
  server->on("/slow", Reply::slow_head());
  recorder::Recording recording;
  const auto taken_back = send(to("/slow", recording), nullptr, [&] { client.cancel(last_id); });
  ASSERT_EQ(taken_back.error().error.code(), ErrorCode::kCancelled);
  ASSERT_EQ(recording.operations().front().ended, 0U);

  recorder::Recording replay(recording.operations());
  int turns = 0;
  const auto outcome = send(to("/slow", replay), nullptr, [&] {
    if (++turns == 5) client.cancel(last_id);
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kCancelled);
  EXPECT_GE(turns, 5) << "it did not end by itself";
}

TEST_F(HttpRecord, KeepsOnlySizeAndDigestOfABodyBeyondTheLimit) {
  server->on("/huge", Reply::text(std::string(upstream::kMaxRecordedBody + 1, 'x')));
  recorder::Recording recording;
  ASSERT_TRUE(send(to("/huge", recording)));
  EXPECT_LT(recording.operations().front().reply.size(), 2'000U);
  EXPECT_THAT(recording.operations().front().reply, HasSubstr("sha256"));
  recorder::Recording replay(recording.operations());
  const auto outcome = send(to("/huge", replay));
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().error.message(), HasSubstr("8388609 bytes"));
}

TEST_F(HttpRecord, NamesBoundariesOfPartsAlike) {
  recorder::Recording recording;
  auto one = to("/parts", recording), other = to("/parts", recording);
  one.http.headers = {{"Content-Type", "multipart/form-data; boundary=aaaa1111"}};
  one.http.body = "--aaaa1111\r\n\r\nvalue\r\n--aaaa1111--";
  other.http.headers = {{"Content-Type", "multipart/form-data; boundary=bbbb2222"}};
  other.http.body = "--bbbb2222\r\n\r\nvalue\r\n--bbbb2222--";
  EXPECT_EQ(upstream::request_json(one), upstream::request_json(other));
}

}  // namespace
}  // namespace toolrack::test
