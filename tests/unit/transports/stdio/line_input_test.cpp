#include "transports/stdio/line_input.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "transports/net/unique_fd.hpp"

namespace toolrack::stdio {
namespace {

class LineInputTest : public testing::Test {
 protected:
  LineInputTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    out_ = net::UniqueFd(ends[0]);
    in_ = net::UniqueFd(ends[1]);
  }
  void give(std::string_view bytes) {
    ASSERT_EQ(::write(in_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void close() { in_ = net::UniqueFd(); }
  net::UniqueFd out_, in_;
};

TEST_F(LineInputTest, GivesWholeLinesOnly) {
  LineInput input(out_.get());
  EXPECT_FALSE(input.is_readable());
  give("one\ntw");
  EXPECT_TRUE(input.is_readable());
  input.read_some();
  EXPECT_EQ(input.next()->text, "one");
  EXPECT_FALSE(input.next());
  give("o\r\n\n \nthree");
  input.read_some();
  EXPECT_EQ(input.next()->text, "two");
  EXPECT_FALSE(input.next()) << "the end of the third has not come";
  EXPECT_FALSE(input.is_exhausted());
}

TEST_F(LineInputTest, GivesTheRestAtTheEnd) {
  LineInput input(out_.get());
  give("rest");
  close();
  input.read_some();
  EXPECT_FALSE(input.next());
  input.read_some();
  EXPECT_TRUE(input.is_ended());
  EXPECT_FALSE(input.is_exhausted());
  EXPECT_EQ(input.next()->text, "rest");
  EXPECT_TRUE(input.is_exhausted());
}

TEST_F(LineInputTest, EndsAtADescriptorThatIsClosed) {
  LineInput input(-1);
  input.read_some();
  EXPECT_TRUE(input.is_exhausted());
}

TEST_F(LineInputTest, TellsOfALineThatIsTooLongAndGoesOn) {
  const auto path = ::memfd_create("lines", MFD_CLOEXEC);
  const net::UniqueFd file(path);
  const std::string piece(1 << 20, 'x');
  for (std::size_t size = 0; size <= LineInput::kMaxLine; size += piece.size())
    ASSERT_EQ(::write(path, piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
  ASSERT_EQ(::write(path, "\nnext\n", 6), 6);
  ::lseek(path, 0, SEEK_SET);
  LineInput input(path);
  std::optional<LineInput::Line> line;
  while (!(line = input.next()) && !input.is_ended()) input.read_some();
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->is_too_long);
  while (!(line = input.next()) && !input.is_ended()) input.read_some();
  ASSERT_TRUE(line);
  EXPECT_FALSE(line->is_too_long);
  EXPECT_EQ(line->text, "next");
}

}  // namespace
}  // namespace toolrack::stdio
