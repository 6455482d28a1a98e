#include "cli/exit_code.hpp"

#include <gtest/gtest.h>

namespace toolrack::cli {
namespace {

using base::ErrorType;

TEST(ExitCode, TellsEveryTypeOfFailureApart) {
  EXPECT_EQ(exit_code(ErrorType::kInternal), 1);
  EXPECT_EQ(exit_code(ErrorType::kAuth), 3);
  EXPECT_EQ(exit_code(ErrorType::kBilling), 4);
  EXPECT_EQ(exit_code(ErrorType::kRateLimit), 5);
  EXPECT_EQ(exit_code(ErrorType::kValidation), 6);
  EXPECT_EQ(exit_code(ErrorType::kProvider), 7);
  EXPECT_EQ(exit_code(ErrorType::kNotFound), 8);
}

TEST(ExitCode, IsTheSameForATypesPublicName) {
  for (const auto& row : base::all_errors())
    EXPECT_EQ(exit_code(base::to_string(row.type)), exit_code(row.type)) << row.name;
}

TEST(ExitCode, TakesAnUnknownTypeForAFailureInside) {
  EXPECT_EQ(exit_code("weather"), kFailure);
  EXPECT_EQ(exit_code(""), kFailure);
}

}  // namespace
}  // namespace toolrack::cli
