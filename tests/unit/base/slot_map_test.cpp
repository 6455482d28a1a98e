#include "base/slot_map.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace toolrack::base {
namespace {

TEST(SlotMap, FindsAnOpenHandleAndForgetsAClosedOne) {
  SlotMap<int> map;
  auto* slot = map.take();
  ASSERT_NE(slot, nullptr);
  slot->value = 7;
  const auto handle = map.open(*slot);
  EXPECT_NE(handle, 0U);
  {
    auto pin = map.pin(handle);
    ASSERT_TRUE(pin);
    EXPECT_EQ(*pin, 7);
  }
  EXPECT_TRUE(map.close(*slot, handle));
  EXPECT_FALSE(map.pin(handle));
  EXPECT_FALSE(map.close(*slot, handle)) << "only one caller closes a handle";
}

TEST(SlotMap, RefusesHandlesItNeverGave) {
  SlotMap<int> map;
  map.open(*map.take());
  for (const std::uint64_t wrong : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{5} << 32}) {
    EXPECT_FALSE(map.pin(wrong)) << wrong;
  }
}

TEST(SlotMap, GivesAReusedSlotANewHandle) {
  SlotMap<int> map;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    auto* slot = map.take();
    const auto handle = map.open(*slot);
    EXPECT_TRUE(seen.insert(handle).second);
    EXPECT_TRUE(map.close(*slot, handle));
    map.retire(*slot);
  }
}

TEST(SlotMap, KeepsAPinnedSlotOutOfUse) {
  SlotMap<int> map;
  auto* slot = map.take();
  const auto handle = map.open(*slot);
  auto pin = map.pin(handle);
  ASSERT_TRUE(map.close(*slot, handle));
  map.retire(*slot);
  std::vector<SlotMap<int>::Slot*> taken;
  for (std::size_t i = 0; i < 2 * SlotMap<int>::kChunk; ++i) taken.push_back(map.take());
  for (const auto* other : taken) EXPECT_NE(other, slot);
  pin.reset();
  EXPECT_EQ(map.take(), slot) << "free again once nobody looks at it";
}

TEST(SlotMap, PinsRacingWithReuseSeeTheirOwnObjectOrNothing) {
  struct Guarded {
    std::uint64_t handle = 0;  // Written while closed and unpinned, read under a pin.
  };
  SlotMap<Guarded> map;
  std::atomic<std::uint64_t> latest{0};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> hits{0};
  std::thread reader([&] {
    while (!stop.load()) {
      const auto handle = latest.load();
      if (auto pin = map.pin(handle)) {
        ASSERT_EQ(pin->handle, handle);
        hits.fetch_add(1);
      }
    }
  });
  std::uint64_t rounds = 0;
  while (rounds < 20'000 || hits.load() == 0) {
    auto* slot = map.take();
    auto next = map.open(*slot);
    ASSERT_TRUE(map.close(*slot, next));  // Learn the next handle: generations grow by one.
    next += std::uint64_t{1} << 32;
    slot->value.handle = next;
    ASSERT_EQ(map.open(*slot), next);
    latest.store(next);
    std::this_thread::yield();
    ASSERT_TRUE(map.close(*slot, next));
    map.retire(*slot);
    ++rounds;
  }
  stop.store(true);
  reader.join();
  EXPECT_GT(hits.load(), 0U);
}

}  // namespace
}  // namespace toolrack::base
