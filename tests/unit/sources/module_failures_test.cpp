#include "sources/native/module.hpp"

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using ModuleFailures = NativeFixture;

TEST_F(ModuleFailures, CarriesWhatASkillSaysAboutItsFailure) {
  install("plain");
  open();
  const auto answer = call("plain", "fails");
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code(), base::ErrorCode::kProviderError);
  EXPECT_EQ(answer.error->type(), base::ErrorType::kProvider);
  EXPECT_EQ(answer.error->name(), "plain.no_pair");
  EXPECT_EQ(answer.error->message(), "There is no pair XX.");
  EXPECT_EQ(answer.error->hint(), "Ask for pairs first.");
  EXPECT_EQ(answer.error->details_json(), R"({"pair":"XX"})");
  EXPECT_EQ(answer.error->retry_after(), std::chrono::seconds(5));
  EXPECT_TRUE(answer.rest.is_final);
  EXPECT_EQ(answer.rest.billed, false);
}

TEST_F(ModuleFailures, KeepsInlineVariablesOfTwoPluginsApart) {
  install("twin_a");
  install("twin_b");
  open();
  EXPECT_EQ(call("twin-a", "name").output, R"({"name":"a"})");
  EXPECT_EQ(call("twin-b", "name").output, R"({"name":"b"})");
}

TEST_F(ModuleFailures, GivesALaterTwinVariablesOfItsOwn) {
  const auto path = install("twin_a");
  open();
  EXPECT_EQ(call("twin-a", "name").output, R"({"name":"a"})");
  uninstall(path);
  install("twin_b");
  scan();
  EXPECT_EQ(call("twin-b", "name").output, R"({"name":"b"})") << "not what the first left behind";
}

}  // namespace
}  // namespace toolrack::sources::native
