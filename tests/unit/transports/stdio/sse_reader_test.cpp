#include "transports/stdio/sse_reader.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace toolrack::stdio {
namespace {

std::vector<std::string> read(std::string_view stream, std::size_t step) {
  std::vector<std::string> all;
  SseReader reader([&](std::string_view data) { all.emplace_back(data); });
  for (std::size_t i = 0; i < stream.size(); i += step) EXPECT_TRUE(reader.feed(stream.substr(i, step)));
  return all;
}

using Events = std::vector<std::string>;

TEST(SseReader, GivesTheSameWhereverTheStreamIsCut) {
  constexpr std::string_view kStream =
      "\xef\xbb\xbf: comment\n\nevent: message\ndata: {\"a\":1}\n\n"
      "data:{\"b\":\r\ndata: 2}\r\nid: 5\r\nretry: 10\r\n\r\n"
      "data\n\ndata:\n\n"
      "event: ping\ndata: not a message\n\n"
      "data:  two blanks\r\rdata: last, never ended";
  const Events expected{"{\"a\":1}", "{\"b\":\n2}", " two blanks"};
  for (std::size_t step = 1; step <= kStream.size(); ++step) EXPECT_EQ(read(kStream, step), expected) << step;
}

TEST(SseReader, KnowsBehindWhichEventItIsAndWhenToAskAgain) {
  SseReader reader([](std::string_view) {});
  EXPECT_EQ(reader.last_id(), "");
  EXPECT_FALSE(reader.retry());
  EXPECT_TRUE(reader.feed("id: 1\ndata: \n\nid: 2\ndata: x\n\nretry: 500\n\nretry: soon\n\n"));
  EXPECT_EQ(reader.last_id(), "2");
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(500));
  EXPECT_TRUE(reader.feed("id: 3\ndata: not whole"));
  EXPECT_EQ(reader.last_id(), "2") << "what was cut off is asked for again";
}

TEST(SseReader, RefusesAnEventWithoutEnd) {
  SseReader reader([](std::string_view) { FAIL(); });
  const std::string piece(8 << 20, 'x');
  bool is_fine = true;
  for (std::size_t fed = 0; is_fine && fed <= SseReader::kMaxEvent; fed += piece.size()) is_fine = reader.feed(piece);
  EXPECT_FALSE(is_fine);
}

}  // namespace
}  // namespace toolrack::stdio
