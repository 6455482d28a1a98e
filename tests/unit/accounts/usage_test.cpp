#include "accounts/usage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include <atomic>
#include <future>
#include <set>

#include "accounts/usage_buffer.hpp"
#include "accounts/usage_rows.hpp"
#include "base/json.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"
#include "support/patience.hpp"

namespace toolrack::accounts {
namespace {

using base::Money;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kDay = 86'400'000'000'000;

UsageRecord record_of(std::string_view request_id, std::string_view account = "acc_1",
                      std::string_view skill = "ticker") {
  return {.request_id = request_id,
          .account = account,
          .key_id = "00112233aabbccdd",
          .owner = "toolrack",
          .tool = "kraken",
          .version = "1.2.0",
          .skill = skill,
          .transport = "rest",
          .backend = "kraken",
          .error_code = {},
          .started_unix_ns = testing::FakeClock::kStartUnixNs,
          .latency_ns = 1'234'567,
          .raw_cost = {},
          .cost = {},
          .byok = false};
}

class UsageTest : public ::testing::Test {
 protected:
  void SetUp() override { loops_.start(); }
  void TearDown() override {
    usage_.reset();
    loops_.stop();
  }
  /// Records on a loop's own thread, as the call path does.
  void record(std::size_t loop, const UsageRecord& record) {
    std::promise<void> done;
    boost::asio::post(loops_[loop].context(), [&] {
      usage_->record(loops_[loop], record);
      done.set_value();
    });
    done.get_future().get();
  }
  base::Result<void> record_durably(const UsageRecord& record) {
    std::promise<base::Result<void>> answer;
    boost::asio::post(loops_[0].context(), [&] {
      usage_->record_durably(loops_[0], record, [&](base::Result<void> result) {
        EXPECT_TRUE(loops_[0].is_current());
        answer.set_value(std::move(result));
      });
    });
    return answer.get_future().get();
  }
  std::vector<std::string> ids(const Usage::Page& page) {
    std::vector<std::string> found;
    for (const auto& row : page.records_json)
      found.emplace_back(*base::json::find_string(*base::json::parse(row), "request_id"));
    return found;
  }
  std::size_t stored_rows() {
    std::size_t documents = 0;
    auto view = store_.snapshot();
    EXPECT_TRUE((*view)->scan("usage_rows", "", "", store::Snapshot::Order::kForward,
                              [&](auto, const auto&) { return ++documents, true; }));
    return documents;
  }

  testing::MemoryStore store_;
  testing::FakeClock clock_;
  base::Loops loops_{2};
  std::unique_ptr<Usage> usage_ = std::make_unique<Usage>(store_, loops_, clock_);
};

TEST(UsageBuffer, GivesBackWhatWasAppended) {
  const std::string too_long(300, 'x');
  auto first = record_of("r1");
  first.raw_cost = Money::from_micros(-5);
  first.cost = Money::from_micros(1'050'000);
  first.byok = true;
  first.error_code = "rate_limited";
  const auto second = record_of(too_long, "", "größe");
  std::string bytes;
  append_bytes(bytes, first);
  append_bytes(bytes, second);
  std::vector<UsageRecord> records;
  read_records(bytes, records);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].request_id, "r1");
  EXPECT_EQ(records[0].error_code, "rate_limited");
  EXPECT_EQ(records[0].started_unix_ns, first.started_unix_ns);
  EXPECT_EQ(records[0].latency_ns, 1'234'567);
  EXPECT_EQ(records[0].raw_cost.micros(), -5);
  EXPECT_EQ(records[0].cost.micros(), 1'050'000);
  EXPECT_TRUE(records[0].byok);
  EXPECT_EQ(records[1].request_id, std::string(255, 'x'));
  EXPECT_EQ(records[1].account, "");
  EXPECT_EQ(records[1].skill, "größe");
  EXPECT_FALSE(records[1].byok);
}

TEST(UsageRows, KeysSurviveNamesWithSlashesAndFitWhenLong) {
  EXPECT_EQ(key_part("a/b%c", 40), "a%2Fb%25c");
  const auto long_part = key_part(std::string(100, 'a'), 40), other = key_part(std::string(101, 'a'), 40);
  EXPECT_EQ(long_part.size(), 40u);
  EXPECT_NE(long_part, other);
  const std::string account(300, 'a'), skill(200, '/'), owner(64, 'o'), tool(200, '%');
  auto record = record_of("r1", account, skill);
  record.owner = owner;
  record.tool = tool;
  store::Commit commit;
  append_usage(commit, {&record, 1}, std::string(25, '9'));
  testing::MemoryStore store;
  EXPECT_TRUE(store.commit(std::move(commit))->accepted());
}

TEST(UsageRows, DaysAreUtc) {
  EXPECT_EQ(day_of(0), "19700101");
  EXPECT_EQ(day_of(testing::FakeClock::kStartUnixNs), "20261121");
  EXPECT_EQ(day_of(testing::FakeClock::kStartUnixNs - 1), "20261120");
}

TEST_F(UsageTest, SumsUpPerSkillBiggestCostFirst) {
  auto paid = record_of("r1", "acc_1", "paid");
  paid.raw_cost = Money::from_micros(100);
  paid.cost = Money::from_micros(105);
  record(0, paid);
  auto failed = record_of("r2", "acc_1", "free");
  failed.error_code = "timeout";
  record(1, failed);
  record(0, record_of("r3", "acc_1", "free"));
  record(0, record_of("r4", "acc_1", "rare"));
  record(0, record_of("r5", "acc_10", "other"));
  const auto rows = *usage_->summary("acc_1", Period::kAll);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].skill, "paid");
  EXPECT_EQ(rows[0].raw_cost.micros(), 100);
  EXPECT_EQ(rows[0].cost.micros(), 105);
  EXPECT_EQ(rows[1].skill, "free");
  EXPECT_EQ(rows[1].owner, "toolrack");
  EXPECT_EQ(rows[1].tool, "kraken");
  EXPECT_EQ(rows[1].calls, 2u);
  EXPECT_EQ(rows[1].errors, 1u);
  EXPECT_EQ(rows[1].total_latency_ns, 2 * 1'234'567);
  EXPECT_EQ(rows[2].skill, "rare");
}

TEST_F(UsageTest, SumsUpWholeDays) {
  for (const int days_ago : {0, 1, 6, 7, 29, 30, 400}) {
    auto record_then = record_of("r");
    record_then.started_unix_ns = clock_.unix_ns() - days_ago * kDay;
    record(0, record_then);
  }
  const auto calls = [&](Period period) { return usage_->summary("acc_1", period)->at(0).calls; };
  EXPECT_EQ(calls(Period::kDay), 1u);
  EXPECT_EQ(calls(Period::kWeek), 3u);
  EXPECT_EQ(calls(Period::kMonth), 5u);
  EXPECT_EQ(calls(Period::kAll), 7u);
  EXPECT_TRUE(usage_->summary("acc_2", Period::kAll)->empty());
}

TEST_F(UsageTest, TellsTheHistoryNewestFirstAcrossLoops) {
  for (int i = 0; i < 10; ++i) {
    auto next = record_of("r" + std::to_string(i));
    const auto id = "r" + std::to_string(i);
    next.request_id = id;
    next.started_unix_ns += i * 1'000;
    record(static_cast<std::size_t>(i) % 2, next);
  }
  const auto page = *usage_->history("acc_1", 100, "");
  EXPECT_THAT(ids(page), ElementsAre("r9", "r8", "r7", "r6", "r5", "r4", "r3", "r2", "r1", "r0"));
  EXPECT_EQ(page.next_cursor, "");
}

TEST_F(UsageTest, TellsEverythingAboutACall) {
  auto call = record_of("r1");
  call.error_code = "timeout";
  call.raw_cost = Money::from_micros(1);
  call.cost = Money::from_micros(12'500'000);
  call.backend = {};
  call.byok = true;
  record(0, call);
  const auto page = *usage_->history("acc_1", 10, "");
  ASSERT_EQ(page.records_json.size(), 1u);
  EXPECT_EQ(
      page.records_json[0],
      R"({"request_id":"r1","root_request_id":null,"started_at":"2026-11-21T00:00:00.000Z","tool":"kraken","owner":"toolrack",)"
      R"("version":"1.2.0","skill":"ticker","backend":null,"transport":"rest","key_id":"00112233aabbccdd",)"
      R"("status":"error","error_code":"timeout","latency_ms":1.234,"cost":12.5,"raw_cost":0.000001,"byok":true})");
}

TEST_F(UsageTest, TellsWhichCallStandsAboveAll) {
  auto call = record_of("r1.2.1");
  call.root_id = "r1";
  record(0, call);
  const auto page = *usage_->history("acc_1", 10, "");
  ASSERT_EQ(page.records_json.size(), 1u);
  EXPECT_EQ(base::json::find_string(*base::json::parse(page.records_json[0]), "root_request_id"), "r1");
}

TEST(UsageRows, ReadsDocumentsFromBeforeCallsHadRoots) {
  const auto rows =
      read_rows(R"({"columns":[],"rows":[["",false,1,"","k1",5,"toolrack",1,"r1","echo",0,"echo","rest","1.0.0"]]})");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  const auto row = base::json::parse(rows->front());
  EXPECT_EQ(base::json::find_string(*row, "request_id"), "r1");
  EXPECT_EQ(base::json::find_string(*row, "version"), "1.0.0");
  EXPECT_TRUE(base::json::find(*row, "root_request_id")->IsNull());
  EXPECT_FALSE(read_rows(R"({"columns":[],"rows":[["",false,1]]})"));
}

TEST_F(UsageTest, PagesThroughTheHistoryWithoutGapsOrDoubles) {
  std::vector<std::string> expected;
  for (int batch = 0; batch < 7; ++batch) {
    for (int i = 0; i < batch; ++i) {
      const auto id = std::to_string(batch) + "." + std::to_string(i);
      auto next = record_of(id);
      next.started_unix_ns += i;
      record(0, next);
      expected.insert(expected.begin(), id);
    }
    ASSERT_TRUE(usage_->flush());
    record(0, record_of("noise", "acc_2"));
  }
  for (const std::size_t limit : {1u, 2u, 3u, 5u, 7u, 20u, 21u, 22u}) {
    std::vector<std::string> seen;
    std::string cursor;
    std::size_t pages = 0;
    do {
      const auto page = *usage_->history("acc_1", limit, cursor);
      ASSERT_FALSE(page.records_json.empty()) << "no page for nothing";
      for (auto& id : ids(page)) seen.push_back(std::move(id));
      cursor = page.next_cursor;
      ++pages;
    } while (!cursor.empty());
    EXPECT_EQ(seen, expected) << limit;
    EXPECT_EQ(pages, (expected.size() + limit - 1) / limit) << limit;
  }
}

TEST_F(UsageTest, RefusesACursorThatItNeverGave) {
  for (const std::string_view cursor : {"x", "1.", ".", "a.b", "1.2x", "1.-3"})
    EXPECT_EQ(usage_->history("acc_1", 10, cursor).error().code(), base::ErrorCode::kInvalidRequest) << cursor;
}

TEST_F(UsageTest, WritesByItselfWithinItsTime) {
  record(1, record_of("r1"));
  record(1, record_of("r2"));
  const auto began = std::chrono::steady_clock::now();
  while (stored_rows() == 0) ASSERT_LT(std::chrono::steady_clock::now() - began, toolrack::test::kPatience);
  EXPECT_EQ(stored_rows(), 1u) << "one document for the batch";
}

TEST_F(UsageTest, WritesAFullBufferBeforeItsTime) {
  const std::string long_id(200, 'i');
  std::promise<void> done;
  boost::asio::post(loops_[0].context(), [&] {
    for (int i = 0; i < 1'000; ++i) usage_->record(loops_[0], record_of(long_id));
    while (stored_rows() == 0) std::this_thread::yield();  // The loop is busy here, so no timer can have fired.
    done.set_value();
  });
  done.get_future().get();
  EXPECT_EQ(usage_->summary("acc_1", Period::kAll)->at(0).calls, 1'000u);
}

TEST_F(UsageTest, WritesWhatIsGatheredWhenItEnds) {
  record(0, record_of("r1"));
  record(1, record_of("r2"));
  usage_.reset();
  Usage again(store_, loops_, clock_);
  EXPECT_EQ(again.summary("acc_1", Period::kAll)->at(0).calls, 2u);
}

TEST_F(UsageTest, WritesWhatIsGatheredAfterTheLoopsHaveStopped) {
  record(0, record_of("r1"));
  loops_.stop();
  ASSERT_TRUE(usage_->flush());
  EXPECT_EQ(stored_rows(), 1u);
}

/// Lets go of what it was given to call only when it ends, as a writer's thread that is slow to return.
class ClingingStore final : public store::Store {
 public:
  void submit(store::Commit commit, store::Done done) override {
    base::Lock lock(mutex_);
    held_.push_back(done);
    store_.submit(std::move(commit), std::move(done));
  }
  base::Result<std::unique_ptr<store::Snapshot>> snapshot() override { return store_.snapshot(); }

 private:
  base::Mutex mutex_;
  std::vector<store::Done> held_ TR_GUARDED_BY(mutex_);
  testing::MemoryStore store_;
};

TEST(Usage, LeavesNothingOfTheLoopsWithTheStore) {
  ClingingStore store;
  testing::FakeClock clock;
  base::Loops loops(1);
  loops.start();
  {
    Usage usage(store, loops, clock);
    std::promise<void> recorded;
    boost::asio::post(loops[0].context(), [&] {
      usage.record(loops[0], record_of("req_1"));
      usage.record_durably(loops[0], record_of("req_2"), [&](base::Result<void> result) {
        EXPECT_TRUE(result);
        recorded.set_value();
      });
    });
    recorded.get_future().get();
  }
  loops.stop();
}

TEST_F(UsageTest, APricedCallIsDurableWhenItsAnswerComes) {
  auto paid = record_of("r1");
  paid.cost = Money::from_micros(105);
  EXPECT_TRUE(record_durably(paid));
  EXPECT_EQ(stored_rows(), 1u);
  store_.set_failing(true);
  const auto failed = record_durably(paid);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), base::ErrorCode::kStoreFailed);
  store_.set_failing(false);
  EXPECT_EQ(usage_->summary("acc_1", Period::kAll)->at(0).cost.micros(), 105);
}

TEST_F(UsageTest, PricedCallsOfOneMomentShareCommitsAndAreAnsweredEachOnItsLoop) {
  constexpr int kCalls = 400;
  std::atomic<int> good = 0, answered = 0;
  std::promise<void> all;
  std::set<std::string> names;
  for (int i = 0; i < kCalls; ++i) names.insert("r" + std::to_string(i));
  auto name = names.begin();
  for (int i = 0; i < kCalls; ++i, ++name) {
    auto& loop = loops_[static_cast<std::size_t>(i % 2)];
    boost::asio::post(loop.context(), [&, i, id = *name] {
      auto paid = record_of(id, i % 3 == 0 ? "acc_2" : "acc_1");
      paid.cost = Money::from_micros(7);
      usage_->record_durably(loop, paid, [&](base::Result<void> result) {
        good += result.has_value() && loop.is_current();
        if (++answered == kCalls) all.set_value();
      });
    });
  }
  ASSERT_EQ(all.get_future().wait_for(toolrack::test::kPatience), std::future_status::ready);
  EXPECT_EQ(good, kCalls);
  const auto sum =
      usage_->summary("acc_1", Period::kAll)->at(0).calls + usage_->summary("acc_2", Period::kAll)->at(0).calls;
  EXPECT_EQ(sum, static_cast<std::uint64_t>(kCalls)) << "none lost, none twice";
  EXPECT_LT(stored_rows(), static_cast<std::size_t>(kCalls));

  store_.set_failing(true);
  const auto failed = record_durably(record_of("later"));
  EXPECT_FALSE(failed.has_value());
  store_.set_failing(false);
  EXPECT_TRUE(record_durably(record_of("afterwards"))) << "a failed commit does not hold up the next";
}

TEST_F(UsageTest, KeepsFreeAndPricedCallsInOrder) {
  record(0, record_of("free 1"));
  EXPECT_TRUE(record_durably(record_of("paid 1")));
  record(1, record_of("free 2"));
  EXPECT_TRUE(record_durably(record_of("paid 2")));
  record(0, record_of("free 3"));
  EXPECT_THAT(ids(*usage_->history("acc_1", 10, "")), ElementsAre("free 3", "paid 2", "free 2", "paid 1", "free 1"));
}

TEST_F(UsageTest, KeepsRecordsWhileTheStoreFails) {
  store_.set_failing(true);
  record(0, record_of("r1"));
  EXPECT_EQ(usage_->flush().error().code(), base::ErrorCode::kStoreFailed);
  record(0, record_of("r2"));
  EXPECT_FALSE(usage_->flush());
  EXPECT_FALSE(usage_->summary("acc_1", Period::kAll));
  store_.set_failing(false);
  EXPECT_TRUE(usage_->flush());
  EXPECT_EQ(usage_->summary("acc_1", Period::kAll)->at(0).calls, 2u);
  EXPECT_EQ(usage_->lost(), 0u);
}

TEST_F(UsageTest, AStoreThatRecoversGetsTheOldRecordsWithTheNewOnes) {
  store_.set_failing(true);
  for (int i = 0; i < 3; ++i) {
    record(0, record_of("old"));
    EXPECT_FALSE(usage_->flush());
  }
  store_.set_failing(false);
  record(0, record_of("new"));
  while (stored_rows() < 4) std::this_thread::yield();  // Nobody flushes: the timer's batch draws the others after it.
  EXPECT_EQ(usage_->summary("acc_1", Period::kAll)->at(0).calls, 4u);
}

TEST_F(UsageTest, CountsWhatItCannotKeep) {
  store_.set_failing(true);
  const std::string long_text(255, 'x');
  auto large = record_of(long_text, long_text, long_text);
  std::promise<void> done;
  boost::asio::post(loops_[0].context(), [&] {
    for (int i = 0; i < 25'000; ++i) usage_->record(loops_[0], large);
    done.set_value();
  });
  done.get_future().get();
  EXPECT_FALSE(usage_->flush());
  EXPECT_GT(usage_->lost(), 1'000u);
  EXPECT_LT(usage_->lost(), 15'000u);
  store_.set_failing(false);
  ASSERT_TRUE(usage_->flush());
  EXPECT_EQ(usage_->summary(long_text, Period::kAll)->at(0).calls + usage_->lost(), 25'000u);
}

TEST_F(UsageTest, CountsEveryRecordOfBusyLoops) {
  constexpr int kEach = 5'000;
  std::vector<std::promise<void>> done(loops_.size());
  for (std::size_t i = 0; i < loops_.size(); ++i)
    boost::asio::post(loops_[i].context(), [&, i] {
      for (int n = 0; n < kEach; ++n) usage_->record(loops_[i], record_of("r"));
      done[i].set_value();
    });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(usage_->flush());
  for (auto& one : done) one.get_future().get();
  EXPECT_EQ(usage_->summary("acc_1", Period::kAll)->at(0).calls, 2u * kEach);
}

}  // namespace
}  // namespace toolrack::accounts
