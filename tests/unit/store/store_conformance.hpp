/// What every Store must do, whatever stands behind it. Instantiate with a maker of new, empty stores.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "store/store.hpp"
#include "support/memory_store.hpp"

namespace toolrack::store {

/// One store and what it needs to live.
struct StoreUnderTest {
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
};
using StoreMaker = std::unique_ptr<StoreUnderTest> (*)();

class StoreConformance : public ::testing::TestWithParam<std::pair<const char*, StoreMaker>> {
 protected:
  Store& store() { return made_->store(); }
  Receipt commit(Commit commit) {
    auto result = store().commit(std::move(commit));
    EXPECT_TRUE(result.has_value()) << result.error().message();
    return result.value_or(Receipt{});
  }
  std::string json(std::string_view key) {
    const auto found = store().get("things", key);
    if (!found) return "error: " + found.error().message();
    return *found ? (*found)->json : "absent";
  }
  std::uint64_t version(std::string_view key) {
    const auto found = store().get("things", key);
    return found && *found ? (*found)->version : 0;
  }
  std::vector<std::string> scan(std::string_view prefix, std::string_view first, Snapshot::Order order,
                                std::size_t limit = 100) {
    std::vector<std::string> keys;
    auto view = store().snapshot();
    EXPECT_TRUE(view.has_value());
    const auto scanned =
        (*view)->scan("things", prefix, first, order, [&](std::string_view key, const Document& document) {
          EXPECT_EQ(document.json, "\"" + std::string(key) + "\"");
          keys.emplace_back(key);
          return keys.size() < limit;
        });
    EXPECT_TRUE(scanned.has_value());
    return keys;
  }
  void put_keys(std::initializer_list<std::string> keys) {
    Commit all;
    for (const auto& key : keys) all.push_back(Put{"things", key, "\"" + key + "\""});
    ASSERT_TRUE(commit(std::move(all)).accepted());
  }

  std::unique_ptr<StoreUnderTest> made_ = GetParam().second();
};

TEST_P(StoreConformance, GivesBackWhatWasPut) {
  EXPECT_EQ(json("a"), "absent");
  EXPECT_TRUE(commit({Put{"things", "a", R"({"x":1})"}}).accepted());
  EXPECT_EQ(json("a"), R"({"x":1})");
  EXPECT_EQ(version("a"), 1u);
}

TEST_P(StoreConformance, CountsVersionsPerDocument) {
  commit({Put{"things", "a", "1"}});
  commit({Put{"things", "a", "2"}, Put{"things", "b", "1"}});
  EXPECT_EQ(version("a"), 2u);
  EXPECT_EQ(version("b"), 1u);
  commit({Delete{"things", "a"}});
  commit({Put{"things", "a", "3"}});
  EXPECT_EQ(version("a"), 1u);
}

TEST_P(StoreConformance, KeepsCollectionsApart) {
  commit({Put{"things", "a", "1"}, Put{"thing", "sa", "2"}, Put{"thingsa", "a", "3"}});
  EXPECT_EQ(json("a"), "1");
  std::size_t seen = 0;
  auto view = store().snapshot();
  ASSERT_TRUE(
      (*view)->scan("things", "", "", Snapshot::Order::kBackward, [&](auto, const auto&) { return ++seen, true; }));
  EXPECT_EQ(seen, 1u);
}

TEST_P(StoreConformance, DeletesAndForgivesDeletingNothing) {
  commit({Put{"things", "a", "1"}});
  EXPECT_TRUE(commit({Delete{"things", "a"}, Delete{"things", "never"}}).accepted());
  EXPECT_EQ(json("a"), "absent");
}

TEST_P(StoreConformance, RefusesToPutWhatExists) {
  EXPECT_TRUE(commit({PutIfAbsent{"things", "a", "1"}}).accepted());
  const auto receipt = commit({Put{"things", "b", "1"}, PutIfAbsent{"things", "a", "2"}, Put{"things", "c", "1"}});
  EXPECT_EQ(receipt.refusal, Refusal::kExists);
  EXPECT_EQ(receipt.operation, 1u);
  EXPECT_EQ(json("a"), "1");
  EXPECT_EQ(json("b"), "absent");
  EXPECT_EQ(json("c"), "absent");
}

TEST_P(StoreConformance, RefusesAnotherVersion) {
  EXPECT_TRUE(commit({ExpectVersion{"things", "a", 0}, Put{"things", "a", "1"}}).accepted());
  EXPECT_EQ(commit({ExpectVersion{"things", "a", 0}, Put{"things", "a", "2"}}).refusal, Refusal::kVersion);
  EXPECT_EQ(commit({ExpectVersion{"things", "a", 2}, Put{"things", "a", "2"}}).refusal, Refusal::kVersion);
  EXPECT_EQ(json("a"), "1");
  EXPECT_TRUE(commit({ExpectVersion{"things", "a", 1}, Put{"things", "a", "2"}}).accepted());
  EXPECT_EQ(json("a"), "2");
}

TEST_P(StoreConformance, AddsToCountersAboveTheirFloor) {
  EXPECT_EQ(commit({AddI64{"things", "n", 5, {}}, AddI64{"things", "n", -2, 0}}).counters,
            (std::vector<std::int64_t>{5, 3}));
  EXPECT_EQ(json("n"), "3");
  EXPECT_EQ(version("n"), 2u);
  const auto refused = commit({AddI64{"things", "m", 1, {}}, AddI64{"things", "n", -4, 0}});
  EXPECT_EQ(refused.refusal, Refusal::kFloor);
  EXPECT_EQ(refused.operation, 1u);
  EXPECT_EQ(json("n"), "3");
  EXPECT_EQ(json("m"), "absent");
  EXPECT_EQ(commit({AddI64{"things", "n", -4, -1}}).counters, std::vector<std::int64_t>{-1});
}

TEST_P(StoreConformance, RefusesACounterThatWouldOverflow) {
  const auto max = std::numeric_limits<std::int64_t>::max(), min = std::numeric_limits<std::int64_t>::min();
  commit({AddI64{"things", "up", max, {}}, AddI64{"things", "down", min, {}}});
  EXPECT_EQ(commit({AddI64{"things", "up", 1, {}}}).refusal, Refusal::kFloor);
  EXPECT_EQ(commit({AddI64{"things", "down", -1, {}}}).refusal, Refusal::kFloor);
  EXPECT_EQ(json("up"), std::to_string(max));
  EXPECT_EQ(json("down"), std::to_string(min));
}

TEST_P(StoreConformance, FailsToAddToWhatIsNoCounter) {
  commit({Put{"things", "a", R"({"n":1})"}});
  const auto result = store().commit({Put{"things", "b", "1"}, AddI64{"things", "a", 1, {}}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), base::ErrorCode::kInvalidRequest);
  EXPECT_EQ(json("b"), "absent");
}

TEST_P(StoreConformance, SeesItsOwnEarlierOperations) {
  EXPECT_EQ(commit({Put{"things", "a", "1"}, PutIfAbsent{"things", "a", "2"}}).refusal, Refusal::kExists);
  EXPECT_TRUE(commit({Put{"things", "a", "7"}, AddI64{"things", "a", 1, {}}, ExpectVersion{"things", "a", 2},
                      Delete{"things", "a"}, ExpectVersion{"things", "a", 0}, PutIfAbsent{"things", "a", "9"},
                      ExpectVersion{"things", "a", 1}})
                  .accepted());
  EXPECT_EQ(json("a"), "9");
  EXPECT_TRUE(
      commit({AddI64{"things", "a", 1, {}}, Put{"things", "a", "20"}, AddI64{"things", "a", 1, {}}}).accepted());
  EXPECT_EQ(json("a"), "21");
}

TEST_P(StoreConformance, AcceptsAnEmptyCommit) { EXPECT_TRUE(commit({}).accepted()); }

TEST_P(StoreConformance, RefusesNamesAndSizesOutsideTheContract) {
  const std::string long_key(256, 'k');
  const std::vector<Commit> wrong = {
      {Put{"Things", "a", "1"}},       {Put{"", "a", "1"}},
      {Put{"things9", "a", "1"}},      {Put{std::string(33, 'c'), "a", "1"}},
      {Put{"things", "", "1"}},        {Put{"things", long_key, "1"}},
      {Put{"things", "a", ""}},        {Put{"things", "a", std::string((1 << 20) + 1, '1')}},
      {Delete{"things", long_key}},    {AddI64{"thing s", "a", 1, {}}},
      {ExpectVersion{"things", "", 0}}};
  for (const auto& commit : wrong) {
    const auto result = store().commit(commit);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), base::ErrorCode::kInvalidRequest) << result.error().message();
  }
  EXPECT_EQ(store().get("Things", "a").error().code(), base::ErrorCode::kInvalidRequest);
  EXPECT_EQ(store().get("things", long_key).error().code(), base::ErrorCode::kInvalidRequest);
}

TEST_P(StoreConformance, TakesTheLongestNamesAndAnyBytesInKeys) {
  const std::string key = std::string("\xff\x00\xff", 3) + std::string(252, '\xff'), document(1 << 20, '1');
  const std::string collection(32, 'z');
  ASSERT_TRUE(commit({Put{collection, key, document}, Put{collection, "a", "1"}}).accepted());
  EXPECT_EQ((*store().get(collection, key))->json, document);
  std::vector<std::size_t> sizes;
  auto view = store().snapshot();
  ASSERT_TRUE(
      (*view)->scan(collection, "\xff", "", Snapshot::Order::kBackward, [&](std::string_view found, const Document&) {
        EXPECT_EQ(found, key);
        return sizes.push_back(found.size()), true;
      }));
  EXPECT_EQ(sizes, std::vector<std::size_t>{255});
}

TEST_P(StoreConformance, ScansAPrefixForwards) {
  put_keys({"a", "b/1", "b/2", "b/3", "b0", "c"});
  using V = std::vector<std::string>;
  constexpr auto kForward = Snapshot::Order::kForward;
  EXPECT_EQ(scan("b/", "", kForward), (V{"b/1", "b/2", "b/3"}));
  EXPECT_EQ(scan("b/", "b/2", kForward), (V{"b/2", "b/3"}));
  EXPECT_EQ(scan("b/", "b/15", kForward), (V{"b/2", "b/3"}));
  EXPECT_EQ(scan("b/", "a", kForward), (V{"b/1", "b/2", "b/3"}));
  EXPECT_EQ(scan("b/", "c", kForward), V{});
  EXPECT_EQ(scan("", "", kForward), (V{"a", "b/1", "b/2", "b/3", "b0", "c"}));
  EXPECT_EQ(scan("", "b/3", kForward, 2), (V{"b/3", "b0"}));
  EXPECT_EQ(scan("d", "", kForward), V{});
}

TEST_P(StoreConformance, ScansAPrefixBackwards) {
  put_keys({"a", "b/1", "b/2", "b/3", "b0", "c"});
  using V = std::vector<std::string>;
  constexpr auto kBackward = Snapshot::Order::kBackward;
  EXPECT_EQ(scan("b/", "", kBackward), (V{"b/3", "b/2", "b/1"}));
  EXPECT_EQ(scan("b/", "b/2", kBackward), (V{"b/2", "b/1"}));
  EXPECT_EQ(scan("b/", "b/25", kBackward), (V{"b/2", "b/1"}));
  EXPECT_EQ(scan("b/", "c", kBackward), (V{"b/3", "b/2", "b/1"}));
  EXPECT_EQ(scan("b/", "a", kBackward), V{});
  EXPECT_EQ(scan("", "", kBackward), (V{"c", "b0", "b/3", "b/2", "b/1", "a"}));
  EXPECT_EQ(scan("", "b0", kBackward, 2), (V{"b0", "b/3"}));
}

TEST_P(StoreConformance, SnapshotsDoNotMove) {
  put_keys({"a", "b"});
  auto view = store().snapshot();
  ASSERT_TRUE(view.has_value());
  commit({Put{"things", "a", "2"}, Delete{"things", "b"}, Put{"things", "c", "3"}, Put{"others", "x", "1"}});
  EXPECT_EQ((**(*view)->get("things", "a")).json, "\"a\"");
  EXPECT_TRUE((*view)->get("things", "b")->has_value());
  EXPECT_FALSE((*view)->get("things", "c")->has_value());
  EXPECT_FALSE((*view)->get("others", "x")->has_value());
  EXPECT_EQ(json("a"), "2");
}

TEST_P(StoreConformance, AnswersInTheOrderOfSubmission) {
  std::vector<int> order;
  for (int i = 0; i < 1'000; ++i)
    store().submit({AddI64{"things", "n", 1, {}}}, [&, i](base::Result<Receipt> receipt) {
      EXPECT_EQ(receipt->counters, std::vector<std::int64_t>{i + 1});
      order.push_back(i);  // The store's thread only.
    });
  commit({});
  ASSERT_EQ(order.size(), 1'000u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(StoreConformance, TakesCommitsFromItsOwnThread) {
  std::atomic<int> answered{0};
  store().submit({Put{"things", "a", "1"}}, [&](auto) {
    store().submit({Put{"things", "b", "1"}}, [&](base::Result<Receipt> receipt) { answered += receipt->accepted(); });
  });
  commit({});
  commit({});
  EXPECT_EQ(answered, 1);
}

TEST_P(StoreConformance, ConcurrentSpendersNeverOverspend) {
  // L5: 256 callers, a balance for 100.
  commit({AddI64{"things", "balance", 100, {}}});
  std::atomic<int> spent{0}, refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 32; ++i) {
        const auto id = std::to_string(t) + "/" + std::to_string(i);
        const auto receipt = store().commit({PutIfAbsent{"things", id, "1"}, AddI64{"things", "balance", -1, 0}});
        (receipt->accepted() ? spent : refused)++;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(spent, 100);
  EXPECT_EQ(refused, 156);
  EXPECT_EQ(json("balance"), "0");
  std::size_t rows = 0;
  auto view = store().snapshot();
  ASSERT_TRUE(
      (*view)->scan("things", "", "", Snapshot::Order::kForward, [&](auto, const auto&) { return ++rows, true; }));
  EXPECT_EQ(rows, 101u);
}

TEST_P(StoreConformance, VersionsMakeReadModifyWriteSafe) {
  commit({Put{"things", "n", "0"}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int done = 0; done < 25;) {
        const auto now = **store().get("things", "n");
        const auto next = std::to_string(std::stoi(now.json) + 1);
        done += store().commit({ExpectVersion{"things", "n", now.version}, Put{"things", "n", next}})->accepted();
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(json("n"), "100");
}

TEST_P(StoreConformance, AgreesWithThePlainestStoreOnRandomCommits) {
  testing::MemoryStore oracle;
  std::mt19937 random(20'261'121);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  for (int round = 0; round < 400; ++round) {
    Commit commit;
    for (unsigned i = pick(4) == 0 ? pick(60) : pick(5); i > 0; --i) {
      const auto key = std::string(1, static_cast<char>('a' + pick(6)));
      switch (pick(6)) {
        case 0:
          commit.push_back(Put{"things", key, std::to_string(pick(9))});
          break;
        case 1:
          commit.push_back(PutIfAbsent{"things", key, std::to_string(pick(9))});
          break;
        case 2:
          commit.push_back(Delete{"things", key});
          break;
        case 3:
          commit.push_back(ExpectVersion{"things", key, pick(3)});
          break;
        default:
          commit.push_back(AddI64{"things", key, static_cast<int>(pick(9)) - 4, -3});
          break;
      }
    }
    const auto expected = oracle.commit(commit), actual = store().commit(commit);
    ASSERT_TRUE(expected && actual);
    ASSERT_EQ(actual->refusal, expected->refusal) << round;
    ASSERT_EQ(actual->operation, expected->operation) << round;
    ASSERT_EQ(actual->counters, expected->counters) << round;
  }
  std::vector<std::string> rows[2];
  Store* stores[] = {&oracle, &store()};
  for (int i = 0; i < 2; ++i) {
    auto view = stores[i]->snapshot();
    ASSERT_TRUE(
        (*view)->scan("things", "", "", Snapshot::Order::kForward, [&](std::string_view key, const Document& document) {
          rows[i].push_back(std::string(key) + "@" + std::to_string(document.version) + "=" + document.json);
          return true;
        }));
  }
  EXPECT_EQ(rows[0], rows[1]);
}

}  // namespace toolrack::store
