#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

#include <string>

using toolrack::testing::FakeHost;
using toolrack::testing::Outcome;

extern "C" const tr_entry* toolrack_entry_v1(void);  // From src/@SNAKE@.c.

namespace {

class @CLASS@Test : public ::testing::Test {
 protected:
  Outcome add(const std::string& numbers) { return host.run("add", "{\"numbers\":[" + numbers + "]}"); }
  FakeHost host{toolrack_entry_v1()};
};

TEST_F(@CLASS@Test, AddsUpNumbers) {
  const Outcome outcome = add("1, 2, 4.5");
  ASSERT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_EQ(outcome.output, R"({"sum":7.5,"mean":2.5})");
}

TEST_F(@CLASS@Test, RefusesNothing) {
  const Outcome outcome = add("");
  EXPECT_EQ(outcome.status, TR_INVALID_ARGUMENT);
  EXPECT_EQ(outcome.code, "@SNAKE@.nothing_to_add");
}

TEST_F(@CLASS@Test, RefusesASumThatIsNoNumber) { EXPECT_EQ(add("1e308, 1e308").code, "@SNAKE@.too_large"); }

}  // namespace
