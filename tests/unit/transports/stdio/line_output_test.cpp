#include "transports/stdio/line_output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "transports/net/unique_fd.hpp"

namespace toolrack::stdio {
namespace {

class LineOutputTest : public testing::Test {
 protected:
  LineOutputTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    out_ = net::UniqueFd(ends[0]);
    in_ = net::UniqueFd(ends[1]);
  }
  std::string read_all(std::size_t size) {
    std::string text(size, '\0');
    const auto got = ::read(out_.get(), text.data(), size);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }
  net::UniqueFd out_, in_;
};

TEST_F(LineOutputTest, WritesOneLineAMessage) {
  LineOutput output(in_.get());
  output.add("{\"a\":\n1}\r\n");
  output.add("{}");
  output.flush();
  EXPECT_TRUE(output.is_empty());
  EXPECT_EQ(read_all(100), "{\"a\": 1}  \n{}\n");
}

TEST_F(LineOutputTest, NeverWaitsForAFullPipe) {
  LineOutput output(in_.get());
  const std::string message(1 << 20, 'x');
  output.add(message);
  output.flush();  // Would hang if it waited: nobody reads.
  EXPECT_FALSE(output.is_empty());
  std::string got;
  while (got.size() <= message.size()) {
    got += read_all(1 << 16);
    output.flush();
  }
  EXPECT_EQ(got, message + "\n");
  EXPECT_TRUE(output.is_empty());
}

TEST_F(LineOutputTest, SaysWhenProducersShouldWait) {
  LineOutput output(in_.get());
  EXPECT_FALSE(output.is_full());
  output.add(std::string(5 << 20, 'x'));
  EXPECT_TRUE(output.is_full());
}

TEST_F(LineOutputTest, BreaksWhenTheReaderIsGone) {
  std::signal(SIGPIPE, SIG_IGN);
  LineOutput output(in_.get());
  out_ = net::UniqueFd();
  output.add("{}");
  output.flush();
  EXPECT_TRUE(output.is_broken());
  output.add("{}");
  EXPECT_TRUE(output.is_empty());
  std::signal(SIGPIPE, SIG_DFL);
}

}  // namespace
}  // namespace toolrack::stdio
