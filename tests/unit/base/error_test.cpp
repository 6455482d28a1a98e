#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

#include "base/result.hpp"

namespace toolrack::base {
namespace {

TEST(ErrorTable, EveryRowIsFoundByItsCode) {
  for (const auto& row : all_errors()) EXPECT_EQ(&info(row.code), &row);
}

TEST(ErrorTable, NamesAreUniqueSnakeCase) {
  std::set<std::string_view> seen;
  for (const auto& row : all_errors()) {
    EXPECT_TRUE(seen.insert(row.name).second) << row.name;
    for (const char c : row.name) EXPECT_TRUE(std::islower(c) || std::isdigit(c) || c == '_') << row.name;
  }
}

TEST(ErrorTable, EveryRowNamesARemedyInASentence) {
  for (const auto& row : all_errors()) {
    ASSERT_FALSE(row.hint.empty()) << row.name;
    EXPECT_EQ(row.hint.back(), '.') << row.name;
  }
}

TEST(ErrorTable, StatusesAreErrors) {
  for (const auto& row : all_errors()) {
    EXPECT_GE(row.http_status, 400) << row.name;
    EXPECT_LT(row.http_status, 600) << row.name;
    EXPECT_LE(row.jsonrpc_code, 0) << row.name;
    EXPECT_NE(row.tr_status, 0) << row.name;
  }
}

TEST(ErrorTable, TypeFitsTheHttpStatus) {
  for (const auto& row : all_errors()) {
    if (row.http_status == 401) EXPECT_EQ(row.type, ErrorType::kAuth) << row.name;
    if (row.http_status == 402) EXPECT_EQ(row.type, ErrorType::kBilling) << row.name;
    if (row.http_status == 404) EXPECT_EQ(row.type, ErrorType::kNotFound) << row.name;
    if (row.http_status == 429) EXPECT_EQ(row.type, ErrorType::kRateLimit) << row.name;
  }
}

TEST(ErrorType, HasTheNamesAgentsBranchOn) {
  EXPECT_EQ(to_string(ErrorType::kAuth), "auth");
  EXPECT_EQ(to_string(ErrorType::kBilling), "billing");
  EXPECT_EQ(to_string(ErrorType::kRateLimit), "rate_limit");
  EXPECT_EQ(to_string(ErrorType::kValidation), "validation");
  EXPECT_EQ(to_string(ErrorType::kProvider), "provider");
  EXPECT_EQ(to_string(ErrorType::kNotFound), "not_found");
  EXPECT_EQ(to_string(ErrorType::kInternal), "internal");
}

TEST(Error, TakesWhatItDoesNotSayFromTheTable) {
  const Error error(ErrorCode::kToolNotFound, "There is no tool \"x\".");
  EXPECT_EQ(error.name(), "tool_not_found");
  EXPECT_EQ(error.type(), ErrorType::kNotFound);
  EXPECT_EQ(error.hint(), info(ErrorCode::kToolNotFound).hint);
  EXPECT_EQ(error.message(), "There is no tool \"x\".");
  EXPECT_FALSE(error.retry_after());
}

TEST(Error, PrefersWhatItWasGiven) {
  const auto error = Error(ErrorCode::kToolError, "Nonce too low.")
                         .with_name("kraken.bad_nonce")
                         .with_hint("Set the clock.")
                         .with_type(ErrorType::kProvider)
                         .with_details(R"({"nonce":1})")
                         .with_retry_after(std::chrono::seconds(2));
  EXPECT_EQ(error.code(), ErrorCode::kToolError);
  EXPECT_EQ(error.name(), "kraken.bad_nonce");
  EXPECT_EQ(error.hint(), "Set the clock.");
  EXPECT_EQ(error.details_json(), R"({"nonce":1})");
  EXPECT_EQ(error.retry_after(), std::chrono::seconds(2));
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::kInvalidRequest, "odd");
  return value / 2;
}

Result<void> check(int value) {
  if (value < 0) return fail(ErrorCode::kInvalidRequest, "negative");
  return {};
}

Result<int> quarter(int value) {
  TRY(check(value));
  const int once = TRY(half(value));
  return TRY(half(once));
}

TEST(Result, TryGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(12).value(), 3);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().message(), "odd");
  ASSERT_FALSE(quarter(-4));
  EXPECT_EQ(quarter(-4).error().message(), "negative");
}

}  // namespace
}  // namespace toolrack::base
