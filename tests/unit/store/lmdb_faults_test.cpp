#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

#include "io_faults.hpp"
#include "store/lmdb/lmdb_store.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::store {
namespace {

struct FaultCase {
  const char* name;
  int error;
  bool is_done_anyway;
  std::int64_t count;
};

class LmdbFaults : public ::testing::TestWithParam<FaultCase> {
 protected:
  void TearDown() override { testing::set_io_fault({}); }
  void open() {
    store_.reset();
    auto opened = LmdbStore::open(directory_.path(), {.initial_map_bytes = 16 << 20});
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    store_ = std::move(*opened);
  }
  /// Two rows and a count; one of the rows is large enough for pages of its own.
  bool commit(int i) {
    const auto id = std::to_string(i);
    const auto receipt =
        store_->commit({PutIfAbsent{"left", id, "1"}, PutIfAbsent{"right", id, std::string(9'000, '1')},
                        AddI64{"counts", "rows", 1, {}}});
    if (!receipt) EXPECT_EQ(receipt.error().code(), base::ErrorCode::kStoreFailed);
    return receipt.has_value();
  }
  bool has(const char* collection, int i) {
    const auto found = store_->get(collection, std::to_string(i));
    EXPECT_TRUE(found.has_value()) << found.error().message();
    return found && found->has_value();
  }
  /// Everything acknowledged is there, everything else wholly or not at all, and the count agrees.
  void check(int tried, const std::set<int>& acknowledged) {
    int rows = 0;
    for (int i = 0; i < tried; ++i) {
      const bool left = has("left", i);
      ASSERT_EQ(left, has("right", i)) << i;
      ASSERT_TRUE(left || !acknowledged.contains(i)) << i;
      rows += left;
    }
    const auto count = store_->get("counts", "rows");
    ASSERT_TRUE(count.has_value());
    ASSERT_EQ((**count).json, std::to_string(rows));
  }

  testing::TempDirectory directory_;
  std::unique_ptr<LmdbStore> store_;
};

TEST_P(LmdbFaults, LosesNothingAcknowledgedAndRecoversByItself) {
  const auto& fault = GetParam();
  open();
  std::set<int> acknowledged;
  int next = 0;
  std::int64_t nth = 1;
  for (bool was_hit = true; was_hit; ++nth) {
    testing::set_io_fault(
        {.nth = nth, .count = fault.count, .error = fault.error, .is_done_anyway = fault.is_done_anyway});
    for (int i = 0; i < 4; ++i, ++next)
      if (commit(next)) acknowledged.insert(next);
    was_hit = testing::io_faults() > 0;
    testing::set_io_fault({});
    ASSERT_TRUE(store_->get("counts", "rows").has_value()) << "reading goes on after a fault";
    ASSERT_TRUE(commit(next)) << "after fault " << nth;  // No restart, no second try.
    acknowledged.insert(next++);
    check(next, acknowledged);
    if (nth % 4 == 0) {
      open();
      check(next, acknowledged);
    }
  }
  EXPECT_GT(nth, 8) << "every commit writes data, syncs and writes its head";
  EXPECT_LT(acknowledged.size(), static_cast<std::size_t>(next)) << "the faults were never felt";
}

INSTANTIATE_TEST_SUITE_P(Every, LmdbFaults,
                         ::testing::Values(FaultCase{"OneInputOutputError", EIO, false, 1},
                                           FaultCase{"WrittenAllTheSame", EIO, true, 1},
                                           FaultCase{"NoSpaceForAWhile", ENOSPC, false, 1'000'000}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace toolrack::store
