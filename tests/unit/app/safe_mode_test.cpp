#include "app/safe_mode.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "support/fake_clock.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

using sources::native::FrameBoard;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class SafeModeOf : public ::testing::Test {
 protected:
  std::unique_ptr<SafeMode> start() { return *SafeMode::open(directory.path(), clock); }
  /// A gateway that ends in the middle of `running`, which may be empty.
  void crash(const std::vector<std::string>& running) {
    const auto mode = start();
    std::string bytes;
    const auto file = mode->board_file();
    {
      std::vector<std::unique_ptr<FrameBoard::Mark>> held;
      for (const auto& name : running)
        held.push_back(std::make_unique<FrameBoard::Mark>(mode->frames(), mode->frames().number_of(name),
                                                          FrameBoard::Where::kPool));
      std::ifstream in(file, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    std::ofstream(file, std::ios::binary) << bytes;  // As the kernel leaves it.
  }
  ~SafeModeOf() override { start()->expect_end(); }
  testing::TempDirectory directory;
  testing::FakeClock clock;
};

TEST_F(SafeModeOf, AGatewayThatStopsWhenItIsToldComesNeverOn) {
  for (int i = 0; i < 5; ++i) {
    const auto mode = start();
    EXPECT_FALSE(mode->is_on());
    mode->expect_end();
  }
  EXPECT_THAT(start()->json(), HasSubstr(R"("unclean_ends":0)"));
}

TEST_F(SafeModeOf, ThreeCrashesComesOnAndNamesTheSuspect) {
  crash({"acme/weather.forecast"});
  crash({"acme/maps.find"});
  EXPECT_FALSE(start()->is_on()) << "this one has begun after two, and is the third: nobody told it to end";
  const auto mode = start();
  EXPECT_TRUE(mode->is_on());
  EXPECT_THAT(mode->suspects(), ElementsAre("acme/maps", "acme/weather"));
  EXPECT_THAT(mode->json(), HasSubstr(R"("active":true,"unclean_ends":3)"));
}

TEST_F(SafeModeOf, SuspectsWhoWasThereMostOften) {
  crash({"acme/weather.forecast"});
  crash({"acme/weather.history"});
  crash({"acme/maps.find"});
  EXPECT_THAT(start()->suspects(), ElementsAre("acme/weather"));
}

TEST_F(SafeModeOf, CrashesOutsideOfPluginsSuspectsNobody) {
  for (int i = 0; i < 3; ++i) crash({});
  const auto mode = start();
  EXPECT_TRUE(mode->is_on());
  EXPECT_THAT(mode->suspects(), IsEmpty());
}

TEST_F(SafeModeOf, CrashesThatAreFarApartDoesNotComeOn) {
  for (int i = 0; i < 5; ++i) {
    crash({"acme/weather.forecast"});
    clock.advance(6min);
  }
  EXPECT_FALSE(start()->is_on());
}

TEST_F(SafeModeOf, AGatewayEndsByItselfAfterTenMinutes) {
  for (int i = 0; i < 3; ++i) crash({"acme/weather.forecast"});
  const auto mode = start();
  clock.advance(10min - 1ns);
  EXPECT_TRUE(mode->is_on());
  clock.advance(1ns);
  EXPECT_FALSE(mode->is_on());
  mode->expect_end();
  clock.advance(1s);
  EXPECT_FALSE(start()->is_on()) << "at the next start either";
}

TEST_F(SafeModeOf, AGatewayEndsWhenTheOperatorSaysSo) {
  for (int i = 0; i < 3; ++i) crash({"acme/weather.forecast"});
  const auto mode = start();
  ASSERT_TRUE(mode->is_on());
  EXPECT_TRUE(mode->end());
  EXPECT_FALSE(mode->is_on());
  mode->expect_end();
  EXPECT_FALSE(start()->is_on());
}

TEST_F(SafeModeOf, ADamagedRecordIsAsGoodAsNone) {
  for (const auto* text : {"", "no json", "{}", "[1, {\"unix_ns\": \"x\", \"running\": 7}]"}) {
    std::ofstream(directory.path() / "unclean_ends.json") << text;
    const auto mode = start();
    EXPECT_FALSE(mode->is_on()) << text;
    mode->expect_end();
  }
}

}  // namespace
}  // namespace toolrack::app
