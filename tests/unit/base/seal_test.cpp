#include "base/seal.hpp"

#include <gtest/gtest.h>

#include <set>

namespace toolrack::base {
namespace {

TEST(Seal, GivesBackWhatWasClosedAndNeverTheSameTextTwice) {
  const Seal seal(Seal::Key{1}, "tests");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto closed = seal.close("sixteen bytes...");
    EXPECT_TRUE(seen.insert(closed).second);
    EXPECT_EQ(seal.open(closed), "sixteen bytes...");
  }
  EXPECT_EQ(seal.open(seal.close("")), "");
}

TEST(Seal, OpensNothingThatWasChangedOrIsNotItsOwn) {
  const Seal seal(Seal::Key{1}, "tests");
  const auto closed = seal.close("text");
  for (std::size_t i = 0; i < closed.size(); ++i) {
    auto changed = closed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(seal.open(changed)) << i;
  }
  for (const auto& text : {std::string(), std::string("A"), closed.substr(1), closed + "A", closed + "="})
    EXPECT_FALSE(seal.open(text)) << text;
  EXPECT_FALSE(Seal(Seal::Key{2}, "tests").open(closed));
  EXPECT_FALSE(Seal(Seal::Key{1}, "another purpose").open(closed));
}

}  // namespace
}  // namespace toolrack::base
