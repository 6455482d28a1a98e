#include "accounts/principal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::accounts {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Scopes, ReadsBackWhatItNames) {
  EXPECT_EQ(Scopes::parse({"tools:read", "admin"})->bits(), (Scopes{Scope::kToolsRead, Scope::kAdmin}.bits()));
  std::vector<std::string> names;
  for (const auto name : Scopes::all().names()) names.emplace_back(name);
  EXPECT_EQ(Scopes::parse(names)->bits(), Scopes::all().bits());
  EXPECT_THAT(Scopes::standard().names(),
              ElementsAre("tools:read", "tools:call", "keys:read", "keys:write", "usage:read"));
  EXPECT_EQ(to_string(Scope::kUsageRead), "usage:read");
}

TEST(Scopes, NamesAnUnknownScopeAndTheKnownOnes) {
  for (const std::string wrong : {"tools:write", "", "ADMIN", "admin "}) {
    const auto scopes = Scopes::parse({"tools:read", wrong});
    ASSERT_FALSE(scopes.has_value());
    EXPECT_EQ(scopes.error().code(), base::ErrorCode::kInvalidRequest);
    EXPECT_THAT(scopes.error().message(), HasSubstr("\"" + wrong + "\""));
    EXPECT_THAT(std::string(scopes.error().hint()), HasSubstr("tools:read, tools:call"));
  }
}

TEST(Scopes, CoversOnlyWhatItHolds) {
  EXPECT_TRUE(Scopes::all().covers(Scopes::standard()));
  EXPECT_FALSE(Scopes::standard().covers(Scopes::all()));
  EXPECT_TRUE(Scopes().covers(Scopes()));
  EXPECT_FALSE(Scopes{Scope::kToolsRead}.covers(Scopes{Scope::kToolsCall}));
}

}  // namespace
}  // namespace toolrack::accounts
