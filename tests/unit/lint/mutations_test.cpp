/// mutate(): one thing wrong, the same for the same seed, always UTF-8.
#include "lint/mutations.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace toolrack::lint {
namespace {

constexpr const char* kInput = R"({"text":"ü€😀","list":[1,{"a":null}],"flag":true})";

TEST(Mutations, AreManyAndRepeatable) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto made = mutate(kInput, seed);
    EXPECT_EQ(made, mutate(kInput, seed));
    EXPECT_TRUE(base::is_utf8(made)) << seed;
    seen.insert(made);
  }
  EXPECT_GT(seen.size(), 40U);
}

TEST(Mutations, SomeAreNoJsonAndSomeAre) {
  int json = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) json += base::json::parse(mutate(kInput, seed)) ? 1 : 0;
  EXPECT_GT(json, 100);
  EXPECT_LT(json, 200);
}

TEST(Mutations, TakeWhatIsNoJson) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) EXPECT_TRUE(base::is_utf8(mutate("{\"cut", seed)));
}

}  // namespace
}  // namespace toolrack::lint
