#include "store/lmdb/lmdb_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <latch>
#include <set>

#include "support/patience.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::store {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class LmdbStoreTest : public ::testing::Test {
 protected:
  void open(LmdbSettings settings = {.initial_map_bytes = 16 << 20}) {
    store_.reset();
    auto opened = LmdbStore::open(directory_.path(), settings);
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    store_ = std::move(*opened);
  }
  base::Error open_error() {
    auto opened = LmdbStore::open(directory_.path());
    EXPECT_FALSE(opened.has_value());
    return opened.error();
  }
  /// Opens the closed store with LMDB alone and lets `change` at its table.
  void tamper(const std::function<void(MDB_txn*, MDB_dbi)>& change) {
    store_.reset();
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi table = 0;
    ASSERT_EQ(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, 4);
    ASSERT_EQ(mdb_env_open(env, directory_.path().c_str(), 0, 0600), 0);
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_dbi_open(txn, "documents", 0, &table), 0);
    change(txn, table);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
  }

  testing::TempDirectory directory_;
  std::unique_ptr<LmdbStore> store_;
};

TEST_F(LmdbStoreTest, KeepsDocumentsAcrossOpenings) {
  open();
  ASSERT_TRUE(store_->commit({Put{"things", "a", "1"}, AddI64{"things", "n", 7, {}}})->accepted());
  open();
  EXPECT_EQ((**store_->get("things", "a")).json, "1");
  EXPECT_EQ((**store_->get("things", "n")).version, 1u);
}

TEST_F(LmdbStoreTest, WritesWhatIsQueuedBeforeItEnds) {
  open();
  std::atomic<int> accepted{0};
  for (int i = 0; i < 100; ++i)
    store_->submit({AddI64{"things", "n", 1, {}}},
                   [&](base::Result<Receipt> receipt) { accepted += receipt->accepted(); });
  store_.reset();
  EXPECT_EQ(accepted, 100);
  open();
  EXPECT_EQ((**store_->get("things", "n")).json, "100");
}

TEST_F(LmdbStoreTest, SharesOneSyncAmongManyCommits) {
  open();
  for (int i = 0; i < 2'000; ++i) store_->submit({AddI64{"things", "n", 1, {}}}, [](auto) {});
  ASSERT_TRUE(store_->commit({}).has_value());
  const auto figures = store_->figures();
  EXPECT_EQ(figures.accepted, 2'001u);
  EXPECT_LT(figures.transactions, 500u);
}

TEST_F(LmdbStoreTest, WritesNothingForRefusedCommits) {
  open();
  ASSERT_TRUE(store_->commit({Put{"things", "a", "1"}})->accepted());
  const auto before = store_->figures().transactions;
  EXPECT_FALSE(store_->commit({Put{"things", "b", "1"}, PutIfAbsent{"things", "a", "1"}})->accepted());
  EXPECT_EQ(store_->figures().transactions, before);
  EXPECT_EQ(store_->figures().refused, 1u);
}

TEST_F(LmdbStoreTest, RefusesTheSchemaOfANewerProgram) {
  open();
  ASSERT_TRUE(store_->commit({Put{"meta", "schema", R"({"version":7})"}})->accepted());
  store_.reset();
  const auto error = open_error();
  EXPECT_EQ(error.code(), ErrorCode::kStoreFailed);
  EXPECT_THAT(error.message(), HasSubstr("schema version 7"));
  EXPECT_THAT(error.message(), HasSubstr("up to 1"));
  EXPECT_THAT(error.message(), HasSubstr(directory_.path().string()));
  EXPECT_EQ(LmdbStore::look(directory_.path()).error().message(), error.message());
}

TEST_F(LmdbStoreTest, IsLookedAtWithoutBeingMadeOrTaken) {
  const auto none = LmdbStore::look(directory_.path());
  ASSERT_TRUE(none) << none.error().message();
  EXPECT_FALSE(*none);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  open();
  const auto seen = LmdbStore::look(directory_.path());
  ASSERT_TRUE(seen) << seen.error().message();
  EXPECT_EQ(*seen, LmdbStore::kSchemaVersion);
  EXPECT_THAT(open_error().message(), HasSubstr("open already")) << "the look has not taken the owner's lock away";
}

TEST_F(LmdbStoreTest, RefusesToBeOpenedTwice) {
  open();
  EXPECT_THAT(open_error().message(), HasSubstr("open already"));
  store_.reset();
  open();
}

TEST_F(LmdbStoreTest, NamesTheDirectoryThatIsMissing) {
  const auto opened = LmdbStore::open(directory_.path() / "absent");
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message(), HasSubstr("absent"));
}

TEST_F(LmdbStoreTest, RefusesAFileThatIsNoStore) {
  std::ofstream(directory_.path() / "data.mdb") << std::string(16'384, 'x');
  const auto error = open_error();
  EXPECT_EQ(error.code(), ErrorCode::kStoreFailed);
  EXPECT_THAT(std::string(error.hint()), HasSubstr("data.mdb"));
}

TEST_F(LmdbStoreTest, GrowsUnderLoadWithoutAFailedCall) {
  // L8. 1 MiB to begin with, about 40 MiB to write, and readers all the time.
  open({.initial_map_bytes = 1 << 20, .grow_patience = test::kPatience});
  std::atomic<bool> finished{false};
  std::atomic<std::uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t)
    readers.emplace_back([&] {
      while (!finished) {
        auto view = store_->snapshot();
        ASSERT_TRUE(view.has_value());
        ASSERT_TRUE((*view)->scan("things", "", "", Snapshot::Order::kBackward, [&, n = 0](auto, const auto&) mutable {
          ++reads;
          return ++n < 50;
        }));
      }
    });
  std::atomic<int> failed{0};
  for (int i = 0; i < 10'000; ++i)
    store_->submit({Put{"things", "k" + std::to_string(i), std::string(4'000, '1')}},
                   [&](base::Result<Receipt> receipt) { failed += !receipt || !receipt->accepted(); });
  ASSERT_TRUE(store_->commit({}).has_value());
  finished = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(reads, 0u);
  EXPECT_GE(store_->figures().map_bytes, std::size_t{40} << 20);
}

TEST_F(LmdbStoreTest, TakesACommitThatIsLargerThanItsMap) {
  open({.initial_map_bytes = 256 << 10});
  Commit large;
  for (int i = 0; i < 8; ++i) large.push_back(Put{"things", "k" + std::to_string(i), std::string(1 << 20, '1')});
  EXPECT_TRUE(store_->commit(std::move(large))->accepted());
}

TEST_F(LmdbStoreTest, RefusesBeyondItsLimitAndGoesOnReading) {
  open({.initial_map_bytes = 1 << 20, .max_map_bytes = 2 << 20});
  int accepted = 0;
  base::Result<Receipt> last = Receipt{};
  while (last && accepted < 1'000) {
    last = store_->commit({Put{"things", "k" + std::to_string(accepted), std::string(4'000, '1')}});
    accepted += last.has_value();
  }
  ASSERT_FALSE(last.has_value());
  EXPECT_EQ(last.error().code(), ErrorCode::kStoreFailed);
  EXPECT_THAT(last.error().message(), HasSubstr("limit of 2097152 bytes"));
  EXPECT_GT(accepted, 200);
  EXPECT_TRUE(store_->get("things", "k" + std::to_string(accepted - 1))->has_value());
  EXPECT_FALSE(store_->get("things", "k" + std::to_string(accepted))->has_value());
  open({.initial_map_bytes = 1 << 20, .max_map_bytes = 4 << 20});
  EXPECT_TRUE(store_->commit({Put{"things", "more", std::string(4'000, '1')}})->accepted());
}

TEST_F(LmdbStoreTest, DoesNotWaitForEverForAForgottenSnapshot) {
  open({.initial_map_bytes = 256 << 10, .grow_patience = 20ms});
  const Commit large = {Put{"things", "a", std::string(1 << 20, '1')}};
  auto view = store_->snapshot();
  const auto refused = store_->commit(large);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message(), HasSubstr("while a snapshot is open"));
  EXPECT_FALSE((*view)->get("things", "a")->has_value());
  view->reset();
  EXPECT_TRUE(store_->commit(large)->accepted());
}

TEST_F(LmdbStoreTest, EndsASnapshotThatIsHeldTooLong) {
  open({.initial_map_bytes = 1 << 20, .max_snapshot_age = 10ms});
  ASSERT_TRUE(store_->commit({Put{"things", "a", "1"}})->accepted());
  auto view = store_->snapshot();
  while ((*view)->get("things", "a")) std::this_thread::yield();
  EXPECT_EQ((*view)->get("things", "a").error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(store_->figures().snapshots, 0u);
  auto later = store_->get("things", "a");
  while (!later) later = store_->get("things", "a");  // Which a busy machine may make too long as well.
  EXPECT_TRUE(later->has_value());
}

TEST_F(LmdbStoreTest, BoundsTheNumberOfSnapshots) {
  open({.initial_map_bytes = 1 << 20, .max_snapshots = 3});
  std::vector<std::unique_ptr<Snapshot>> views;
  for (int i = 0; i < 3; ++i) views.push_back(std::move(*store_->snapshot()));
  EXPECT_EQ(store_->figures().snapshots, 3u);
  EXPECT_EQ(store_->snapshot().error().code(), ErrorCode::kUnavailable);
  views.clear();
  EXPECT_TRUE(store_->snapshot().has_value());
}

TEST_F(LmdbStoreTest, BoundsWhatWaits) {
  open({.initial_map_bytes = 1 << 20, .max_queued_commits = 10});
  std::latch taken(1), go_on(1);
  store_->submit({}, [&](auto) {
    taken.count_down();
    go_on.wait();
  });
  taken.wait();  // The store's thread is busy with us: what comes now is queued.
  std::atomic<int> accepted{0}, unavailable{0};
  for (int i = 0; i < 15; ++i)
    store_->submit({Put{"things", "k" + std::to_string(i), "1"}}, [&](base::Result<Receipt> receipt) {
      receipt ? ++accepted : unavailable += receipt.error().code() == ErrorCode::kUnavailable;
    });
  go_on.count_down();
  store_.reset();
  EXPECT_EQ(accepted, 10);
  EXPECT_EQ(unavailable, 5);
}

TEST_F(LmdbStoreTest, FindsDamagedDocuments) {
  open();
  ASSERT_TRUE(store_->commit({Put{"things", "bad", R"({"n":1})"}, Put{"things", "good", "1"}})->accepted());
  tamper([](MDB_txn* txn, MDB_dbi table) {
    std::string name("things\0bad", 10);
    MDB_val key{name.size(), name.data()}, value{};
    ASSERT_EQ(mdb_get(txn, table, &key, &value), 0);
    std::string bytes(static_cast<char*>(value.mv_data), value.mv_size);
    bytes[bytes.size() - 2] ^= 1;
    MDB_val changed{bytes.size(), bytes.data()};
    ASSERT_EQ(mdb_put(txn, table, &key, &changed, 0), 0);
  });
  open();
  const auto read = store_->get("things", "bad");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code(), ErrorCode::kStoreFailed);
  EXPECT_THAT(read.error().message(), HasSubstr("\"bad\" in collection \"things\""));
  EXPECT_FALSE(
      (*store_->snapshot())->scan("things", "", "", Snapshot::Order::kForward, [](auto, const auto&) { return true; }));
  EXPECT_EQ(store_->commit({Put{"things", "bad", "2"}}).error().code(), ErrorCode::kStoreFailed);
  EXPECT_EQ(store_->commit({AddI64{"things", "bad", 1, {}}}).error().code(), ErrorCode::kStoreFailed);
  EXPECT_TRUE(store_->commit({Put{"things", "good", "2"}})->accepted());
  EXPECT_TRUE(store_->commit({Delete{"things", "bad"}, Put{"things", "bad", "2"}})->accepted());
  EXPECT_EQ((**store_->get("things", "bad")).json, "2");
}

TEST_F(LmdbStoreTest, FindsADocumentThatStandsUnderAnotherKey) {
  open();
  ASSERT_TRUE(store_->commit({Put{"balances", "mallory", "1"}, Put{"balances", "rich", "1000000"}})->accepted());
  tamper([](MDB_txn* txn, MDB_dbi table) {
    std::string poor("balances\0mallory", 16), rich("balances\0rich", 13);
    MDB_val from{rich.size(), rich.data()}, to{poor.size(), poor.data()}, value{};
    ASSERT_EQ(mdb_get(txn, table, &from, &value), 0);
    std::string bytes(static_cast<char*>(value.mv_data), value.mv_size);
    MDB_val copy{bytes.size(), bytes.data()};
    ASSERT_EQ(mdb_put(txn, table, &to, &copy, 0), 0);
  });
  open();
  EXPECT_EQ(store_->get("balances", "mallory").error().code(), ErrorCode::kStoreFailed);
}

TEST_F(LmdbStoreTest, FreesThePlacesOfReadersThatDied) {
  open();
  store_.reset();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t reader = ::fork();
  if (reader == 0) {  // A stray process that reads the file with LMDB alone and dies in the middle.
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    const bool is_reading = mdb_env_create(&env) == 0 && mdb_env_open(env, directory_.path().c_str(), 0, 0600) == 0 &&
                            mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == 0;
    if (!is_reading || ::write(ready[1], "r", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  open({.initial_map_bytes = 16 << 20, .reader_check_interval = 5ms});
  EXPECT_EQ(store_->figures().stale_readers, 0u);
  ::kill(reader, SIGKILL);
  ASSERT_EQ(::waitpid(reader, nullptr, 0), reader);
  while (store_->figures().stale_readers == 0) std::this_thread::yield();
  EXPECT_EQ(store_->figures().stale_readers, 1u);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(LmdbStoreTest, SurvivesAFullDisk) {
  // L7: the system refuses to let data.mdb grow, as a full disk does; later there is space again.
  open();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{2 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  std::set<int> acknowledged;
  int failed = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto receipt = store_->commit({Put{"things", "k" + std::to_string(i), std::string(6'000, '1')}});
    if (receipt)
      acknowledged.insert(i);
    else if (receipt.error().code() == ErrorCode::kStoreFailed && ++failed == 20)
      break;
  }
  EXPECT_EQ(failed, 20);
  EXPECT_GT(acknowledged.size(), 50u);
  EXPECT_TRUE(store_->get("things", "k0")->has_value());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(store_->commit({Put{"things", "later", std::string(6'000, '1')}})->accepted());
  open();
  for (const int i : acknowledged) EXPECT_TRUE(store_->get("things", "k" + std::to_string(i))->has_value()) << i;
  EXPECT_TRUE(store_->get("things", "later")->has_value());
}

}  // namespace
}  // namespace toolrack::store
