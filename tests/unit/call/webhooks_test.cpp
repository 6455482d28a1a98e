/// What is owed to webhooks: signed, told until it is taken, and never to whom this rack must not talk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <thread>

#include "base/encoding.hpp"
#include "call/jobs/webhook_target.hpp"
#include "support/http_client.hpp"
#include "support/patience.hpp"
#include "support/scripted_http_server.hpp"
#include "webhooks_fixture.hpp"

namespace toolrack::call::jobs {
namespace {

namespace http = services::http;
using ::testing::HasSubstr;
using State = WebhookDelivery::State;
using test::RecordedRequest;
using test::Reply;
using testing::at;
using testing::parsed;

class WebhooksTest : public WebhooksFixture {
 protected:
  test::ScriptedHttpServer server_;
};

TEST_F(WebhooksTest, TellTheJobAsItsAccountSeesItSigned) {
  server_.on("/hook", Reply::text("thanks"));
  const auto id = owe(server_.url("/hook?who=me"));
  send();
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 1U);
  const auto& request = requests.front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook?who=me");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("webhook-id"), id);
  const auto seconds = std::to_string(clock_.unix_ns() / 1'000'000'000);
  EXPECT_EQ(request.header("webhook-timestamp"), seconds);
  const auto key = secrets_.get("acc_one")->current;
  EXPECT_EQ(request.header("webhook-signature"),
            "v1," + base::to_base64(base::hmac_sha256(key, id + "." + seconds + "." + request.body)));
  const auto told = parsed(request.body);
  EXPECT_EQ(at(told, "/job_id"), id);
  EXPECT_EQ(at(told, "/status"), "completed");
  EXPECT_EQ(at(told, "/result/output"), "1");
  EXPECT_EQ(at(told, "/webhook"), "(absent)") << "the same in every attempt";
  EXPECT_EQ(delivery(id).state, State::kDelivered);
  EXPECT_EQ(delivery(id).attempts, 1U);
  EXPECT_EQ(owed(), 0U);
  send();
  EXPECT_EQ(server_.requests().size(), 1U) << "once is enough";
}

TEST_F(WebhooksTest, AreRepeatedWithGrowingPausesForAboutADayAndThenGivenUp) {
  server_.on("/hook", Reply::text("not now", 503));
  const auto id = owe(server_.url("/hook"));
  const auto begin_ns = clock_.unix_ns();
  std::int64_t last_pause_ns = 0;
  std::uint32_t attempts = 0;
  for (;;) {
    send();
    const auto now = delivery(id);
    ASSERT_EQ(now.attempts, ++attempts);
    EXPECT_THAT(now.last_error, HasSubstr("503"));
    if (now.state != State::kPending) break;
    const auto pause_ns = now.due_ns - clock_.unix_ns();
    EXPECT_GT(pause_ns, last_pause_ns / 2) << "they grow, but for jitter";
    last_pause_ns = pause_ns;
    send();
    EXPECT_EQ(delivery(id).attempts, attempts) << "nothing is sent before its time";
    clock_.advance(std::chrono::nanoseconds(pause_ns));
  }
  EXPECT_EQ(delivery(id).state, State::kFailed);
  EXPECT_GE(attempts, 8U);
  const auto took = std::chrono::nanoseconds(clock_.unix_ns() - begin_ns);
  EXPECT_GT(took, std::chrono::hours(18));
  EXPECT_LT(took, std::chrono::hours(30));
  EXPECT_EQ(owed(), 0U);
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), attempts);
  std::set<std::string> ids, bodies, times;
  for (const auto& request : requests) {
    ids.insert(request.header("webhook-id"));
    bodies.insert(request.body);
    times.insert(request.header("webhook-timestamp"));
  }
  EXPECT_EQ(ids, std::set<std::string>{id});
  EXPECT_EQ(bodies.size(), 1U);
  EXPECT_EQ(times.size(), attempts) << "a verifier refuses old signatures";
}

TEST_F(WebhooksTest, AreTakenInTheEndByAReceiverThatWasAway) {
  server_.on("/hook", Reply::hang_up());
  const auto id = owe(server_.url("/hook"));
  send();
  EXPECT_EQ(delivery(id).state, State::kPending);
  EXPECT_NE(delivery(id).last_error, "");
  server_.on("/hook", Reply::text("", 204));
  clock_.advance(std::chrono::minutes(1));
  send();
  EXPECT_EQ(delivery(id).state, State::kDelivered);
  EXPECT_EQ(delivery(id).attempts, 2U);
}

TEST_F(WebhooksTest, FollowNoRedirect) {
  server_.on("/hook", Reply::redirect(server_.url("/elsewhere"), 307));
  server_.on("/elsewhere", Reply::text("welcome"));
  const auto id = owe(server_.url("/hook"));
  send();
  EXPECT_EQ(delivery(id).state, State::kPending);
  EXPECT_THAT(delivery(id).last_error, HasSubstr("redirects are not followed"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(WebhooksTest, AreGivenUpWhenTheReceiverIsGone) {
  server_.on("/hook", Reply::text("", 410));
  const auto id = owe(server_.url("/hook"));
  send();
  EXPECT_EQ(delivery(id).state, State::kFailed);
  EXPECT_EQ(owed(), 0U);
}

TEST_F(WebhooksTest, WaitAsLongAsTheReceiverAsks) {
  server_.on("/hook", [](const RecordedRequest&) { return Reply::text("", 429).header("Retry-After", "3600"); });
  const auto id = owe(server_.url("/hook"));
  send();
  EXPECT_EQ(delivery(id).due_ns - clock_.unix_ns(), std::chrono::nanoseconds(std::chrono::hours(1)).count());
}

TEST_F(WebhooksTest, LeaveOutWhatIsLargeAndSayWhereItIs) {
  server_.on("/hook", Reply::text(""));
  webhooks_->set_base_url("https://tools.example.com");
  // One that is kept in one piece, and one in several.
  const std::size_t sizes[] = {300'000, 3'000'000};
  for (const auto size : sizes) {
    const auto id = owe(server_.url("/hook"), R"({"result":")" + std::string(size, 'x') + "\"}");
    send();
    const auto told = parsed(server_.requests().back().body);
    EXPECT_EQ(at(told, "/job_id"), id);
    EXPECT_EQ(at(told, "/result"), "(absent)");
    EXPECT_EQ(at(told, "/result_url"), "https://tools.example.com/v1/jobs/" + id);
  }
}

TEST_F(WebhooksTest, ThatAProcessLeftBehindAreToldByTheNext) {
  server_.on("/hook", Reply::text("", 500));
  const auto never_sent = owe(server_.url("/hook"));
  webhooks_->look();
  EXPECT_TRUE(webhooks_->wait_until_idle(test::kPatience));
  EXPECT_EQ(server_.requests().size(), 0U) << "nothing before the start";
  send();
  EXPECT_EQ(delivery(never_sent).attempts, 1U);
  restart();
  server_.on("/hook", Reply::text(""));
  clock_.advance(std::chrono::minutes(1));
  send();
  EXPECT_EQ(delivery(never_sent).state, State::kDelivered);
  EXPECT_EQ(delivery(never_sent).attempts, 2U);
}

TEST_F(WebhooksTest, AreToldAgainWhenWhatCameOfThemCouldNotBeKept) {
  server_.on("/hook", [this](const RecordedRequest&) {
    store_.set_failing(true);
    return Reply::text("");
  });
  static_cast<void>(secrets_.get("acc_one"));
  const auto id = owe(server_.url("/hook"));
  send();
  EXPECT_EQ(server_.requests().size(), 1U);
  store_.set_failing(false);
  send();
  EXPECT_EQ(server_.requests().size(), 1U) << "not before the store had a moment";
  server_.on("/hook", Reply::text(""));
  clock_.advance(std::chrono::minutes(2));
  send();
  ASSERT_EQ(server_.requests().size(), 2U);
  EXPECT_EQ(server_.requests().back().header("webhook-id"), id);
  EXPECT_EQ(delivery(id).state, State::kDelivered);
}

TEST_F(WebhooksTest, AreNotToldAgainByALookThatBeganBeforeAnAttemptEnded) {
  server_.on("/hook", Reply::held(Reply::text("not now", 503)));
  const auto id = owe(server_.url("/hook"));
  webhooks_->start();
  ASSERT_TRUE(server_.wait_for_requests(1));
  // Of the pool's four threads one is held within the look, two here: what the last one is given runs in order.
  std::promise<void> goes_on;
  const auto held = goes_on.get_future().share();
  std::latch are_held(3);
  std::atomic<bool> is_first = true;
  store_.set_before_scan([&](std::string_view) {
    if (!is_first.exchange(false)) return;
    are_held.count_down();
    held.wait();
  });
  webhooks_->look();
  for (int i = 0; i < 2; ++i) {
    pool_.post([&] {
      are_held.count_down();
      held.wait();
    });
  }
  are_held.wait();  // It has a list in which this webhook is still due.
  server_.on("/hook", Reply::text("not now", 503));
  server_.release();
  const auto end = std::chrono::steady_clock::now() + test::kPatience;
  while (delivery(id).attempts == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  std::promise<void> concluded;
  pool_.post([&] { concluded.set_value(); });
  concluded.get_future().wait();
  goes_on.set_value();
  ASSERT_TRUE(webhooks_->wait_until_idle(test::kPatience));
  EXPECT_EQ(delivery(id).attempts, 1U) << "the second attempt is made after its pause";
  EXPECT_EQ(server_.requests().size(), 1U);
  store_.set_before_scan({});
}

TEST_F(WebhooksTest, OfOneAccountLeaveRoomForOthers) {
  server_.on("/slow", Reply::held(Reply::text("")));
  server_.on("/fast", Reply::text(""));
  for (int i = 0; i < 100; ++i) owe(server_.url("/slow"), "", "acc_slow");
  const auto id = owe(server_.url("/fast"), "", "acc_fast");
  webhooks_->start();
  ASSERT_TRUE(server_.wait_for_requests(9));
  std::size_t fast = 0;
  for (const auto& request : server_.requests()) fast += request.path() == "/fast" ? 1 : 0;
  EXPECT_EQ(fast, 1U) << "although a hundred were due before";
  for (int i = 0; i < 100; ++i) server_.release();
  EXPECT_TRUE(webhooks_->wait_until_idle(test::kPatience));
  EXPECT_EQ(delivery(id).state, State::kDelivered);
  EXPECT_EQ(owed(), 0U);
}

TEST_F(WebhooksTest, OfAJobThatIsForgottenAreForgottenToo) {
  server_.on("/hook", Reply::text("", 500));
  const auto id = owe(server_.url("/hook"));
  send();
  EXPECT_EQ(*jobs_.sweep(INT64_MAX), 1U);
  EXPECT_FALSE(*WebhookStore(store_).find(id));
  clock_.advance(std::chrono::minutes(1));
  send();
  EXPECT_EQ(server_.requests().size(), 1U);
  EXPECT_EQ(owed(), 0U);
}

TEST(WebhookUrl, IsHttpsOrThisMachineAndNowhereThatIsRefused) {
  const auto guarded = *http::EgressPolicy::create({});
  const auto local = *http::EgressPolicy::create({.allow_loopback = true});
  const struct {
    const char* url;
    const char* hosted;  ///< The error's name, or "" for none.
    const char* locally;
  } rows[] = {{"https://example.com/hook?a=b", "", ""},
              {"https://8.8.8.8/", "", ""},
              {"http://example.com/", "invalid_request", "invalid_request"},
              {"http://127.0.0.1:9/", "invalid_request", ""},
              {"http://localhost:9/", "invalid_request", ""},
              {"http://127.evil.example/", "invalid_request", "invalid_request"},
              {"http://localhost.example/", "invalid_request", "invalid_request"},
              {"https://127.0.0.1/", "egress_refused", ""},
              {"https://0x7f000001/", "egress_refused", ""},
              {"https://[::ffff:127.0.0.1]/", "egress_refused", ""},
              {"https://10.0.0.1/", "egress_refused", "egress_refused"},
              {"https://169.254.169.254/latest", "egress_refused", "egress_refused"},
              {"https://[fd00::1]/", "egress_refused", "egress_refused"},
              {"ftp://example.com/", "invalid_request", "invalid_request"},
              {"file:///etc/passwd", "invalid_request", "invalid_request"},
              {"https://user:pass@example.com/", "invalid_request", "invalid_request"},
              {"https://exa mple.com/", "invalid_request", "invalid_request"},
              {"/hook", "invalid_request", "invalid_request"},
              {"hook", "invalid_request", "invalid_request"}};
  for (const auto& row : rows) {
    for (const bool is_local : {false, true}) {
      const auto checked = check_webhook_url(row.url, is_local ? local : guarded, is_local);
      const std::string_view expected = is_local ? row.locally : row.hosted;
      EXPECT_EQ(checked ? "" : checked.error().name(), expected) << row.url << (is_local ? " local" : " hosted");
      if (checked) continue;
      EXPECT_THAT(checked.error().message(), HasSubstr("\"webhook\"")) << "the place";
      EXPECT_THAT(std::string(checked.error().hint()), HasSubstr("https")) << "the remedy";
    }
  }
  EXPECT_FALSE(check_webhook_url("https://example.com/" + std::string(2'000, 'x'), guarded, false));
}

// The example that the libraries of Standard Webhooks are tested with.
TEST(WebhookSecret, SignsAsStandardWebhooks) {
  const WebhookSecret secret{.current = *base::from_base64("plJ3nmyCDGBKInavdOK15jsl"), .previous = {}};
  EXPECT_EQ(secret.text(), "whsec_plJ3nmyCDGBKInavdOK15jsl");
  EXPECT_EQ(secret.sign("msg_loFOjxBNrRLzqYUf", 1'731'705'121'000'000'000,
                        R"({"event_type":"ping","data":{"success":true}})"),
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
}

TEST(WebhookSecret, IsMadeOnceAndChangedWithADayOfBoth) {
  testing::MemoryStore store;
  testing::FakeClock clock;
  WebhookSecrets secrets(store, clock);
  const auto first = secrets.get("acc_one")->current;
  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(secrets.get("acc_one")->current, first);
  EXPECT_NE(secrets.get("acc_two")->current, first);
  const auto before = secrets.get("acc_one")->sign("id", clock.unix_ns(), "{}");
  const auto changed = *secrets.rotate("acc_one");
  EXPECT_NE(changed.current, first);
  EXPECT_EQ(secrets.get("acc_one")->current, changed.current);
  const auto both = changed.sign("id", clock.unix_ns(), "{}");
  EXPECT_THAT(both, HasSubstr(" " + before)) << "a receiver that has the old one still understands";
  clock.advance(kSecretOverlap);
  EXPECT_THAT(changed.sign("id", clock.unix_ns(), "{}"), ::testing::Not(HasSubstr(" ")));
}

TEST(WebhookSecret, ThatIsDamagedIsNotReplacedInSilence) {
  testing::MemoryStore store;
  testing::FakeClock clock;
  ASSERT_TRUE(store.commit({store::Put{"webhook_secrets", "acc_one", R"({"current":"AAAA"})"}}));
  EXPECT_EQ(WebhookSecrets(store, clock).get("acc_one").error().code(), base::ErrorCode::kStoreFailed);
  EXPECT_EQ(WebhookSecrets(store, clock).rotate("acc_one").error().code(), base::ErrorCode::kStoreFailed);
}

}  // namespace
}  // namespace toolrack::call::jobs
