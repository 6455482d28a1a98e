#include "sources/native/output_check.hpp"

#include <gtest/gtest.h>

namespace toolrack::sources::native {
namespace {

TEST(OutputCheck, AcceptsEveryKindOfValue) {
  for (const auto* json :
       {"{}", "[]", "\"x\"", "1", "-0.5e300", "true", "null", " {\"a\":[1,{\"b\":\"\\u00e9\\n\"}]} "}) {
    EXPECT_EQ(find_json_fault(json, JsonKind::kAny), std::nullopt) << json;
  }
  EXPECT_EQ(find_json_fault(" {\"a\":1}", JsonKind::kObject), std::nullopt);
}

TEST(OutputCheck, RefusesWhatIsNoJson) {
  for (const auto* json :
       {"", " ", "{", "{\"a\":}", "{} {}", "[1,]", "nul", "\"open", "01", "\"\\x\"", "{\"a\":1}x", "'a'"}) {
    EXPECT_NE(find_json_fault(json, JsonKind::kAny), std::nullopt) << json;
  }
  EXPECT_NE(find_json_fault(std::string_view("{}\0", 3), JsonKind::kAny), std::nullopt) << "a zero byte is no end";
  EXPECT_NE(find_json_fault("[]", JsonKind::kObject), std::nullopt);
}

TEST(OutputCheck, RefusesBrokenUtf8AndSaysWhere) {
  const auto fault = find_json_fault("{\"a\":\"\xff\"}", JsonKind::kAny);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->find("byte 6"), std::string::npos) << *fault;
}

TEST(OutputCheck, LimitsTheNesting) {
  EXPECT_EQ(find_json_fault(std::string(64, '[') + std::string(64, ']'), JsonKind::kAny), std::nullopt);
  EXPECT_NE(find_json_fault(std::string(65, '[') + std::string(65, ']'), JsonKind::kAny), std::nullopt);
  EXPECT_NE(find_json_fault(std::string(1'000'000, '['), JsonKind::kAny), std::nullopt);
}

}  // namespace
}  // namespace toolrack::sources::native
