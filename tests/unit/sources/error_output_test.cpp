#include "sources/isolated/error_output.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace toolrack::sources::isolated {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class BoundedLinesOf : public ::testing::Test {
 protected:
  BoundedLines lines{{.line_bytes = 10, .lines = 3, .window = 1000ms},
                     {.line = [this](std::string_view line) { given.emplace_back(line); },
                      .left_out = [this](std::uint64_t count) { left_out.push_back(count); }}};
  std::vector<std::string> given;
  std::vector<std::uint64_t> left_out;
  const BoundedLines::Clock::time_point began = BoundedLines::Clock::time_point(1h);
};

TEST_F(BoundedLinesOf, AStreamAreWholeHoweverItIsCut) {
  lines.take("on", began);
  lines.take("e\ntwo\nth", began);
  EXPECT_THAT(given, ElementsAre("one", "two"));
  lines.take("ree\n\n\n", began);
  EXPECT_THAT(given, ElementsAre("one", "two", "three")) << "an empty line is none";
}

TEST_F(BoundedLinesOf, AStreamEndWithItsLastWordsThatHaveNoNewline) {
  lines.take("terminate", began);
  EXPECT_THAT(given, IsEmpty());
  lines.end();
  EXPECT_THAT(given, ElementsAre("terminate"));
}

TEST_F(BoundedLinesOf, AStreamAreCutWhereTheyAreLonger) {
  lines.take("0123456789\n0123456789a", began);
  lines.take(std::string(1 << 20, 'b'), began);
  lines.take("\nnext\n", began);
  EXPECT_THAT(given, ElementsAre("0123456789", "0123456789 ...", "next"));
}

TEST_F(BoundedLinesOf, AStreamAreLeftOutAndCountedBeyondSoManyAWindow) {
  lines.take("1\n2\n3\n4\n5\n", began);
  EXPECT_THAT(given, ElementsAre("1", "2", "3"));
  lines.take("6\n", began + 999ms);
  EXPECT_THAT(left_out, IsEmpty());
  lines.take("7\n", began + 1000ms);
  EXPECT_THAT(left_out, ElementsAre(3));
  EXPECT_THAT(given, ElementsAre("1", "2", "3", "7"));
  lines.take("8\n9\n10\n", began + 1001ms);
  lines.end();
  EXPECT_THAT(left_out, ElementsAre(3, 1));
}

}  // namespace
}  // namespace toolrack::sources::isolated
