#include "accounts/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/encoding.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"

namespace toolrack::accounts {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class KeysTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open(std::optional<LimitSettings> limits = LimitSettings{}) {
    auto opened = Keys::open(store_, clock_, limits);
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    keys_ = std::move(*opened);
  }
  NewKey create(std::string_view account = "acc_1", std::int64_t expires_ns = 0) {
    auto made = keys_->create(account, "laptop", Scopes::standard(), expires_ns);
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return std::move(*made);
  }
  ErrorCode failure(Keys::Reader& reader, std::string_view key) {
    const auto found = reader.find(key);
    if (found) return ErrorCode::kInternal;
    messages_.insert(found.error().message());
    return found.error().code();
  }

  testing::MemoryStore store_;
  testing::FakeClock clock_;
  std::unique_ptr<Keys> keys_;
  std::set<std::string> messages_;
};

TEST_F(KeysTest, MakesAKeyThatIsFoundAtOnceByEveryReader) {
  Keys::Reader before(*keys_);
  const auto made = create();
  Keys::Reader after(*keys_);
  EXPECT_THAT(made.secret, MatchesRegex("tr_live_[0-9a-f]{64}"));
  EXPECT_EQ(made.secret.substr(8, 16), made.info.id);
  EXPECT_EQ(made.info.prefix, "tr_live_" + made.info.id.substr(0, 4) + "…");
  EXPECT_EQ(made.info.created_ns, testing::FakeClock::kStartUnixNs);
  for (auto* reader : {&before, &after}) {
    const auto found = reader->find(made.secret);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    const Principal& principal = *found->get();
    EXPECT_EQ(principal.account, "acc_1");
    EXPECT_EQ(principal.key_id, made.info.id);
    EXPECT_EQ(principal.scopes.bits(), Scopes::standard().bits());
    EXPECT_FALSE(principal.anonymous);
    EXPECT_NE(principal.limits, nullptr);
  }
}

TEST_F(KeysTest, ChangesTheLimitsOfEveryKey) {
  open(LimitSettings{.per_minute = 60, .per_hour = 0, .concurrent = 5});
  const auto made = create();
  Keys::Reader reader(*keys_);
  const PrincipalRef before = reader.find(made.secret)->get();
  const auto now = clock_.monotonic_ns();
  ASSERT_TRUE(before->limits->enter(now).has_value());

  keys_->set_limits(LimitSettings{.per_minute = 10, .per_hour = 0, .concurrent = 5});
  EXPECT_EQ(reader.find(made.secret)->get()->limits->state(now).limit, 10u);
  EXPECT_EQ(reader.find(made.secret)->get()->limits->state(now).remaining, 9u) << "what was counted still counts";
  EXPECT_EQ(reader.find(create().secret)->get()->limits->state(now).limit, 10u) << "of a new key too";

  keys_->set_limits(std::nullopt);
  EXPECT_EQ(reader.find(made.secret)->get()->limits, nullptr);
  EXPECT_EQ(reader.find(made.secret)->get()->account, "acc_1");
  before->limits->leave();  // The call that was running.

  keys_->set_limits(LimitSettings{.per_minute = 3, .per_hour = 0, .concurrent = 5});
  EXPECT_EQ(reader.find(made.secret)->get()->limits->state(now).remaining, 3u);
}

TEST_F(KeysTest, StoresNoSecret) {
  const auto made = create();
  const auto document = **store_.get("keys", made.info.id);
  EXPECT_THAT(document.json, Not(HasSubstr(made.secret.substr(24))));
  EXPECT_THAT(document.json, HasSubstr(base::to_hex(base::as_bytes(base::sha256(made.secret)))));
}

TEST_F(KeysTest, RefusesEveryOtherTextInTheSameWords) {
  const auto made = create();
  const auto revoked = create();
  ASSERT_TRUE(keys_->revoke("acc_1", revoked.info.id));
  const auto expired = create("acc_1", clock_.unix_ns() + 1);
  clock_.advance(1s);
  Keys::Reader reader(*keys_);
  std::vector<std::string> wrong = {"",
                                    "tr_live_",
                                    "Bearer " + made.secret,
                                    made.secret + "0",
                                    made.secret.substr(1),
                                    "tr_test_" + made.secret.substr(8),
                                    revoked.secret,
                                    expired.secret,
                                    "tr_live_" + std::string(64, '0'),
                                    "tr_live_" + std::string(64, 'z')};
  for (const std::size_t at : {8u, 23u, 24u, 40u, 71u}) {  // One digit off, in the id or in the secret.
    wrong.push_back(made.secret);
    wrong.back()[at] = wrong.back()[at] == 'a' ? 'b' : 'a';
  }
  auto upper = made.secret;
  for (char& c : upper)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 32);
  wrong.push_back("tr_live_" + upper.substr(8));
  for (const auto& key : wrong) EXPECT_EQ(failure(reader, key), ErrorCode::kInvalidKey) << key;
  EXPECT_EQ(messages_.size(), 1u);
  EXPECT_TRUE(reader.find(made.secret));
}

TEST_F(KeysTest, ASecretOfAnotherKeyDoesNotFit) {
  const auto one = create(), two = create();
  Keys::Reader reader(*keys_);
  EXPECT_EQ(failure(reader, one.secret.substr(0, 24) + two.secret.substr(24)), ErrorCode::kInvalidKey);
}

TEST_F(KeysTest, ExpiresAtItsTime) {
  const auto made = create("acc_1", clock_.unix_ns() + 1'000'000'000);
  Keys::Reader reader(*keys_);
  clock_.advance(1s - 1ns);
  EXPECT_TRUE(reader.find(made.secret));
  clock_.advance(1ns);
  EXPECT_EQ(failure(reader, made.secret), ErrorCode::kInvalidKey);
}

TEST_F(KeysTest, RevokesForTheNextCallAndForEver) {
  const auto made = create();
  Keys::Reader reader(*keys_);
  ASSERT_TRUE(reader.find(made.secret));
  clock_.advance(5s);
  const auto revoked = keys_->revoke("acc_1", made.info.id);
  ASSERT_TRUE(revoked.has_value());
  EXPECT_EQ(revoked->revoked_ns, clock_.unix_ns());
  EXPECT_EQ(failure(reader, made.secret), ErrorCode::kInvalidKey);
  clock_.advance(5s);
  EXPECT_EQ(keys_->revoke("acc_1", made.info.id)->revoked_ns, revoked->revoked_ns) << "idempotent";
  open();
  Keys::Reader later(*keys_);
  EXPECT_EQ(failure(later, made.secret), ErrorCode::kInvalidKey);
  EXPECT_EQ(keys_->get("acc_1", made.info.id)->revoked_ns, revoked->revoked_ns);
}

TEST_F(KeysTest, ReadsItsKeysFromTheStore) {
  const auto made = create();
  open(std::nullopt);
  Keys::Reader reader(*keys_);
  const auto found = reader.find(made.secret);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->get()->account, "acc_1");
  EXPECT_EQ(found->get()->limits, nullptr);
  const auto info = *keys_->get("acc_1", made.info.id);
  EXPECT_EQ(info.name, "laptop");
  EXPECT_EQ(info.prefix, made.info.prefix);
  EXPECT_EQ(info.scopes.bits(), Scopes::standard().bits());
  EXPECT_EQ(info.created_ns, made.info.created_ns);
}

TEST_F(KeysTest, HidesKeysFromOtherAccounts) {
  const auto made = create("acc_1");
  create("acc_2");
  EXPECT_EQ(keys_->get("acc_2", made.info.id).error().code(), ErrorCode::kKeyNotFound);
  EXPECT_EQ(keys_->revoke("acc_2", made.info.id).error().code(), ErrorCode::kKeyNotFound);
  EXPECT_EQ(keys_->get("acc_1", "nonsense").error().code(), ErrorCode::kKeyNotFound);
  ASSERT_EQ(keys_->list("acc_1").size(), 1u);
  EXPECT_EQ(keys_->list("acc_1")[0].id, made.info.id);
  EXPECT_TRUE(keys_->list("acc_3").empty());
  Keys::Reader reader(*keys_);
  EXPECT_TRUE(reader.find(made.secret));
}

TEST_F(KeysTest, ListsTheOldestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(create().info.id);
    clock_.advance(1s);
  }
  open();
  std::vector<std::string> listed;
  for (const auto& info : keys_->list("acc_1")) listed.push_back(info.id);
  EXPECT_EQ(listed, ids);
}

TEST_F(KeysTest, RefusesKeysThatMakeNoSense) {
  const auto code = [&](std::string_view account, std::string_view name, Scopes scopes, std::int64_t expires_ns = 0) {
    return keys_->create(account, name, scopes, expires_ns).error().code();
  };
  EXPECT_EQ(code("", "n", Scopes::standard()), ErrorCode::kInvalidRequest);
  EXPECT_EQ(code("acc_1", "", Scopes::standard()), ErrorCode::kInvalidRequest);
  EXPECT_EQ(code("acc_1", std::string(101, 'n'), Scopes::standard()), ErrorCode::kInvalidRequest);
  EXPECT_EQ(code("acc_1", "\xff", Scopes::standard()), ErrorCode::kInvalidRequest);
  EXPECT_EQ(code("acc_1", "n", Scopes()), ErrorCode::kInvalidRequest);
  EXPECT_EQ(code("acc_1", "n", Scopes::standard(), clock_.unix_ns()), ErrorCode::kInvalidRequest);
  EXPECT_TRUE(keys_->list("acc_1").empty());
}

TEST_F(KeysTest, KeepsItsWordWhenTheStoreFails) {
  const auto made = create();
  store_.set_failing(true);
  EXPECT_EQ(keys_->create("acc_1", "n", Scopes::standard()).error().code(), ErrorCode::kStoreFailed);
  EXPECT_EQ(keys_->revoke("acc_1", made.info.id).error().code(), ErrorCode::kStoreFailed);
  EXPECT_EQ(keys_->list("acc_1").size(), 1u);
  Keys::Reader reader(*keys_);
  EXPECT_TRUE(reader.find(made.secret)) << "not revoked unless that is durable";
}

TEST_F(KeysTest, RefusesToOpenWithAKeyItCannotRead) {
  const auto made = create();
  ASSERT_TRUE(store_.commit({store::Put{"keys", made.info.id, R"({"account":"acc_1"})"}})->accepted());
  const auto opened = Keys::open(store_, clock_, {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message(), HasSubstr(made.info.id));
}

TEST_F(KeysTest, LimitsOutliveChangesToOtherKeys) {
  const auto made = create();
  Keys::Reader reader(*keys_);
  ASSERT_TRUE(reader.find(made.secret)->get()->limits->enter(clock_.monotonic_ns()));
  create();
  ASSERT_TRUE(keys_->revoke("acc_1", create().info.id));
  EXPECT_EQ(reader.find(made.secret)->get()->limits->state(clock_.monotonic_ns()).remaining, 59u);
}

TEST_F(KeysTest, ReadersFollowWhileKeysComeAndGo) {
  const auto steady = create();
  std::atomic<bool> finished{false};
  std::vector<std::thread> readers;
  std::atomic<int> missed{0};
  for (int t = 0; t < 2; ++t)
    readers.emplace_back([&] {
      Keys::Reader reader(*keys_);
      while (!finished) missed += !reader.find(steady.secret);
    });
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t)
    writers.emplace_back([&] {
      Keys::Reader reader(*keys_);
      for (int i = 0; i < 20; ++i) {
        const auto made = *keys_->create("acc_2", "n", Scopes::standard());
        missed += !reader.find(made.secret);
        missed += !keys_->revoke("acc_2", made.info.id);
        missed += reader.find(made.secret).has_value();
      }
    });
  for (auto& writer : writers) writer.join();
  finished = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(keys_->list("acc_2").size(), 40u);
}

TEST_F(KeysTest, AReaderThatKnowsAKeyStillRefusesWhatItMustRefuse) {
  Keys::Reader reader(*keys_);
  const auto made = create("acc_1", clock_.unix_ns() + 1'000'000'000);
  const auto other = create("acc_2");
  ASSERT_TRUE(reader.find(made.secret).has_value());  // From here on it is known.
  ASSERT_TRUE(reader.find(made.secret).has_value());
  EXPECT_EQ(reader.find(other.secret)->get()->account, "acc_2");

  auto wrong = made.secret;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(failure(reader, wrong), ErrorCode::kInvalidKey);
  ASSERT_TRUE(reader.find(made.secret).has_value()) << "a wrong guess changes nothing";

  clock_.advance(1s);
  EXPECT_EQ(failure(reader, made.secret), ErrorCode::kInvalidKey) << "expired";
  ASSERT_TRUE(reader.find(other.secret).has_value());
  ASSERT_TRUE(keys_->revoke("acc_2", other.info.id).has_value());
  EXPECT_EQ(failure(reader, other.secret), ErrorCode::kInvalidKey) << "revoked";
}

registry::ToolSetRef set_of(std::string_view pattern) {
  const auto list = base::json::parse(std::string(R"([")") + std::string(pattern) + R"("])");
  return *registry::ToolSet::create(&*list, nullptr, nullptr);
}

TEST_F(KeysTest, AToolSetIsThePrincipalsAndOutlivesTheProcess) {
  const auto set = set_of("seo.keyword_*");
  const auto made = *keys_->create("acc_1", "agent", Scopes::standard(), 0, set);
  EXPECT_EQ(Keys::Reader(*keys_).find(made.secret)->get()->tools, set);
  EXPECT_EQ(Keys::Reader(*keys_).find(create().secret)->get()->tools, nullptr);
  open();
  EXPECT_EQ(Keys::Reader(*keys_).find(made.secret)->get()->tools->digest(), set->digest());
  EXPECT_EQ(keys_->get("acc_1", made.info.id)->tools->to_json(), set->to_json());
}

TEST_F(KeysTest, AKeyWhoseToolSetCannotBeReadIsNotServedWithoutOne) {
  const auto made = *keys_->create("acc_1", "agent", Scopes::standard(), 0, set_of("seo"));
  auto json = store_.get("keys", made.info.id)->value().json;
  json.replace(json.find("\"seo\""), 5, "\"s o\"");
  ASSERT_TRUE(store_.commit({store::Put{"keys", made.info.id, json}}));
  const auto opened = Keys::open(store_, clock_, std::nullopt);
  ASSERT_FALSE(opened) << "it would see everything";
  EXPECT_THAT(opened.error().message(), HasSubstr(made.info.id));
  EXPECT_THAT(opened.error().message(), HasSubstr("tool set"));
}

TEST_F(KeysTest, AnUpdateIsEffectiveAtOnceAndChangesNothingElse) {
  const auto made = create();
  Keys::Reader reader(*keys_);
  const PrincipalRef before = *reader.find(made.secret);
  std::vector<PrincipalRef> told;
  keys_->on_changed([&](const auto& principal) { told.push_back(principal); });
  const auto set = set_of("seo");
  ASSERT_TRUE(keys_->update("acc_1", made.info.id, {.name = {}, .tools = set}));
  const PrincipalRef after = *reader.find(made.secret);
  EXPECT_EQ(after->tools, set);
  EXPECT_EQ(before->tools, nullptr) << "calls that run go on as they began";
  EXPECT_EQ(after->limits, before->limits) << "what was counted goes on counting";
  EXPECT_EQ(keys_->get("acc_1", made.info.id)->name, "laptop");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], after);

  ASSERT_TRUE(keys_->update("acc_1", made.info.id, {.name = "desk", .tools = {}}));
  EXPECT_EQ(told.size(), 1u) << "the set is the same";
  EXPECT_EQ(keys_->get("acc_1", made.info.id)->name, "desk");
  EXPECT_EQ(reader.find(made.secret)->get(), after);

  ASSERT_TRUE(keys_->update("acc_1", made.info.id, {.name = {}, .tools = registry::ToolSetRef()}));
  EXPECT_EQ(reader.find(made.secret)->get()->tools, nullptr);
  EXPECT_EQ(told.size(), 2u);
  EXPECT_FALSE(keys_->update("acc_2", made.info.id, {.name = "theirs", .tools = {}}));
}

TEST_F(KeysTest, WhoeverListensHearsThatAKeyWasRevoked) {
  const auto made = create();
  std::vector<PrincipalRef> told;
  keys_->on_changed([&](const auto& principal) { told.push_back(principal); });
  ASSERT_TRUE(keys_->revoke("acc_1", made.info.id));
  ASSERT_TRUE(keys_->revoke("acc_1", made.info.id));
  ASSERT_EQ(told.size(), 1u) << "once";
  EXPECT_EQ(told[0]->key_id, made.info.id);
  EXPECT_TRUE(told[0]->is_revoked());
}

TEST_F(KeysTest, AKeyThatHasExpiredIsAsOneThatWasRevokedForWhatGoesOn) {
  const auto made = *keys_->create("acc_1", "brief", Scopes::standard(), clock_.unix_ns() + 1'000'000'000, nullptr);
  const auto stays = create();
  const PrincipalRef running = *Keys::Reader(*keys_).find(made.secret);
  std::vector<PrincipalRef> told;
  keys_->on_changed([&](const auto& principal) { told.push_back(principal); });
  keys_->end_expired();
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(running->is_revoked());
  clock_.advance(std::chrono::seconds(1));
  keys_->end_expired();
  keys_->end_expired();
  ASSERT_EQ(told.size(), 1u) << "once";
  EXPECT_EQ(told[0], running);
  EXPECT_TRUE(running->is_revoked());
  EXPECT_FALSE(Keys::Reader(*keys_).find(stays.secret)->get()->is_revoked());
}

TEST_F(KeysTest, AnUpdateDoesNotBringARevokedKeyBack) {
  const auto made = create();
  ASSERT_TRUE(keys_->revoke("acc_1", made.info.id));
  const auto refused = keys_->update("acc_1", made.info.id, {.name = "again", .tools = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  Keys::Reader reader(*keys_);
  EXPECT_EQ(failure(reader, made.secret), ErrorCode::kInvalidKey);
}

TEST_F(KeysTest, ARevocationIsNotOvertakenByUpdates) {
  for (int i = 0; i < 20; ++i) {
    const auto made = create();
    std::thread updates([&] {
      for (int n = 0; n < 5; ++n)
        static_cast<void>(keys_->update("acc_1", made.info.id, {.name = "n", .tools = set_of("seo")}));
    });
    EXPECT_TRUE(keys_->revoke("acc_1", made.info.id));
    updates.join();
    Keys::Reader reader(*keys_);
    EXPECT_EQ(failure(reader, made.secret), ErrorCode::kInvalidKey);
  }
}

}  // namespace
}  // namespace toolrack::accounts
