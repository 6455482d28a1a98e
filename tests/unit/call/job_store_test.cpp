/// Jobs as documents: what is written comes back, ends once, and goes when its time is over.
#include "call/jobs/job_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/error_json.hpp"
#include "support/http_client.hpp"
#include "support/memory_store.hpp"

namespace toolrack::call::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class JobStoreTest : public ::testing::Test {
 protected:
  static Job some_job(std::string account = "acc_one") {
    Job job;
    job.id = make_job_id();
    job.account = std::move(account);
    job.tool = "tool";
    job.version = "1.0.0";
    job.skill = "skill";
    job.request_id = "req";
    job.created_ns = 1'000'000'000;
    return job;
  }
  static Job ended(Job job, Status status = Status::kCompleted, std::int64_t expires_ns = 9'000'000'000) {
    job.status = status;
    job.ended_ns = 2'000'000'000;
    job.expires_ns = expires_ns;
    return job;
  }
  store::Receipt wait(const std::function<void(store::Done)>& submit) {
    std::promise<base::Result<store::Receipt>> promise;
    submit([&](base::Result<store::Receipt> result) { promise.set_value(std::move(result)); });
    const auto result = promise.get_future().get();
    EXPECT_TRUE(result) << result.error().message();
    return result.value_or(store::Receipt{});
  }
  void create(const Job& job) {
    EXPECT_TRUE(wait([&](auto done) { jobs_.create(job, {}, std::move(done)); }).accepted());
  }
  store::Receipt finish(const Job& job, std::string_view result = "") {
    return wait([&](auto done) { jobs_.finish(job, result, {}, std::move(done)); });
  }
  std::size_t documents() {
    std::size_t count = 0;
    const auto snapshot = store_.snapshot();
    for (const auto* collection : {"jobs", "jobs_by_account", "jobs_by_expiry", "jobs_unfinished", "job_results"})
      EXPECT_TRUE((*snapshot)->scan(collection, "", "", store::Snapshot::Order::kForward, [&](auto, const auto&) {
        ++count;
        return true;
      }));
    return count;
  }
  static std::string shown(const Job& job) {
    base::json::Buffer buffer;
    base::json::Writer writer(buffer);
    writer.StartObject();
    write_members(writer, job);
    writer.EndObject();
    return std::string(base::json::view(buffer));
  }

  testing::MemoryStore store_;
  JobStore jobs_{store_};
};

TEST_F(JobStoreTest, GivesBackWhatWasKept) {
  auto job = some_job();
  create(job);
  job = ended(job, Status::kFailed);
  job.progress = Progress{.done = 2, .total = 3, .note = "page \"two\""};
  job.error_json = base::error_json({base::ErrorCode::kToolError, "no luck"});
  EXPECT_TRUE(finish(job).accepted());
  const auto found = jobs_.find(job.id);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(shown(**found), shown(job));
  EXPECT_EQ((*found)->account, "acc_one");
}

TEST_F(JobStoreTest, KnowsNoJobOfANameThatIsNone) {
  for (const auto* id : {"", "job_", "x", "job_0000000000000000000000000.", "job_00000000000000000000000000/"})
    EXPECT_FALSE(*jobs_.find(id)) << id;
  EXPECT_FALSE(*jobs_.find(make_job_id()));
}

TEST_F(JobStoreTest, EndsAJobOnce) {
  const auto job = some_job();
  create(job);
  EXPECT_TRUE(finish(ended(job), R"({"result":1})").accepted());
  EXPECT_EQ(finish(ended(job, Status::kFailed), R"({"result":2})").refusal, store::Refusal::kVersion);
  const auto found = jobs_.find(job.id);
  EXPECT_EQ((*found)->status, Status::kCompleted);
  EXPECT_EQ(*jobs_.result(**found), R"({"result":1})");
}

TEST_F(JobStoreTest, KeepsResultsThatAreLargerThanADocument) {
  const auto job = some_job();
  create(job);
  std::string large = "{\"result\":\"x";
  while (large.size() + 32 < kMaxResultBytes) large += "\\\"\\\\äö€😀";
  large += "\"}";
  EXPECT_TRUE(finish(ended(job), large).accepted());
  const auto found = jobs_.find(job.id);
  EXPECT_GT((*found)->pieces, 8U);
  EXPECT_EQ(*jobs_.result(**found), large);
}

TEST_F(JobStoreTest, ListsAnAccountsJobsPageByPageTheNewestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const auto job = some_job();
    create(job);
    ids.push_back(job.id);
  }
  create(some_job("acc_one/x"));
  create(some_job("acc_two"));
  std::ranges::sort(ids, std::greater<>());
  const auto names = [&](std::string_view after, std::size_t limit) {
    std::vector<std::string> out;
    const auto page = jobs_.list("acc_one", after, limit);
    for (const auto& job : *page) out.push_back(job.id);
    return out;
  };
  EXPECT_EQ(names("", 10), ids);
  EXPECT_THAT(names("", 2), ElementsAre(ids[0], ids[1]));
  EXPECT_THAT(names(ids[1], 2), ElementsAre(ids[2], ids[3]));
  EXPECT_THAT(names(ids[4], 2), IsEmpty());
}

TEST_F(JobStoreTest, GivesLeftoversTheirEndAndLeavesTheOthersAlone) {
  const auto left = some_job(), over = some_job();
  create(left);
  create(over);
  finish(ended(over));
  const auto end = [](Job& job, const base::Error*) { job = ended(job, Status::kFailed); };
  EXPECT_EQ(jobs_.finish_leftovers(end)->ended, 1U);
  EXPECT_EQ((*jobs_.find(left.id))->status, Status::kFailed);
  EXPECT_EQ((*jobs_.find(over.id))->status, Status::kCompleted);
  EXPECT_EQ(jobs_.finish_leftovers(end)->ended, 0U);
  EXPECT_EQ(finish(ended(left)).refusal, store::Refusal::kVersion) << "it has ended";
}

TEST_F(JobStoreTest, StumblesOverNoRecordThatCannotBeRead) {
  const auto broken = some_job(), left = some_job();
  for (const auto& job : {broken, left}) create(job);
  ASSERT_TRUE(
      store_.commit({store::Put{"jobs", broken.id, "{}"}, store::Put{"jobs_by_expiry", "0/" + broken.id, "{}"}}));
  EXPECT_EQ(jobs_.finish_leftovers([](Job& job, const base::Error*) { job = ended(job, Status::kFailed); })->ended, 1U);
  EXPECT_EQ((*jobs_.find(left.id))->status, Status::kFailed);
  EXPECT_FALSE(jobs_.find(broken.id)) << "it is told to be broken";
  EXPECT_EQ(jobs_.list("acc_one", "", 10)->size(), 1U);
  EXPECT_EQ(*jobs_.sweep(9'000'000'000), 2U);
  EXPECT_FALSE(*jobs_.find(broken.id));
}

TEST_F(JobStoreTest, ForgetsWhatHasExpiredWithoutATrace) {
  const auto old = some_job(), young = some_job(), running = some_job();
  for (const auto& job : {old, young, running}) create(job);
  finish(ended(old, Status::kCompleted, 100), std::string(1'000'000, ' '));
  finish(ended(young, Status::kCompleted, 200), "{}");
  EXPECT_EQ(*jobs_.sweep(99), 0U);
  EXPECT_EQ(*jobs_.sweep(100), 1U);
  EXPECT_FALSE(*jobs_.find(old.id));
  EXPECT_TRUE(*jobs_.find(young.id));
  EXPECT_EQ(documents(), 4U + 3U) << "of the young one: record, account, expiry, result; of the running one three";
  EXPECT_EQ(*jobs_.sweep(1'000), 1U);
  EXPECT_EQ(documents(), 3U);
}

TEST(Job, SaysItsProgressInWords) {
  EXPECT_EQ(to_text({.done = 2, .total = 7, .note = "reading"}), "reading (2 of 7)");
  EXPECT_EQ(to_text({.done = 2, .total = 7}), "2 of 7");
  EXPECT_EQ(to_text({.done = 2.5}), "2.5");
  EXPECT_EQ(to_text({.done = 2, .note = "reading"}), "reading");
}

TEST(Job, IsNotReadFromSomethingElse) {
  for (const auto* text : {"", "[]", "{}", R"({"account":"a"})"}) {
    const auto job = from_document("job_x", text);
    ASSERT_FALSE(job);
    EXPECT_THAT(job.error().message(), HasSubstr("job_x"));
  }
  auto good = to_document(Job{});
  EXPECT_TRUE(from_document("job_x", good));
  EXPECT_FALSE(from_document("job_x", good.replace(good.find("queued"), 6, "paused")));
}

}  // namespace
}  // namespace toolrack::call::jobs
