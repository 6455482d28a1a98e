#include "transports/net/chunk_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace toolrack::net {
namespace {

using Outcome = ChunkDecoder::Outcome;

struct Decoded {
  Outcome outcome;
  std::string body;
  std::size_t consumed;
};

/// In pieces of `step` bytes, in place as a connection does it.
Decoded decode(std::string wire, std::size_t step, std::size_t limit = 1000) {
  ChunkDecoder decoder(limit);
  std::size_t read = 0;
  std::size_t written = 0;
  auto outcome = Outcome::kNeedMore;
  while (read < wire.size() && outcome == Outcome::kNeedMore) {
    const auto taken = decoder.decode(wire.data() + written, wire.data() + read, std::min(step, wire.size() - read));
    outcome = taken.outcome;
    read += taken.consumed;
    written += taken.produced;
  }
  EXPECT_EQ(written, decoder.total());
  return {outcome, wire.substr(0, written), read};
}

constexpr std::string_view kWire = "5;x=\"y\"\r\nhello\r\n00a\r\n, chunked!\r\n0\r\nTrailer: x\r\n\r\n";

TEST(ChunkDecoder, DecodesWhereverThePiecesEnd) {
  for (std::size_t step = 1; step <= kWire.size(); ++step) {
    SCOPED_TRACE(step);
    const auto decoded = decode(std::string(kWire), step);
    EXPECT_EQ(decoded.outcome, Outcome::kDone);
    EXPECT_EQ(decoded.body, "hello, chunked!");
    EXPECT_EQ(decoded.consumed, kWire.size());
  }
}

TEST(ChunkDecoder, LeavesTheNextRequestAlone) {
  const auto decoded = decode(std::string(kWire) + "GET /", 1000);
  EXPECT_EQ(decoded.outcome, Outcome::kDone);
  EXPECT_EQ(decoded.consumed, kWire.size());
}

TEST(ChunkDecoder, KeepsTheLimitOverAllChunks) {
  EXPECT_EQ(decode("5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", 100, 10).outcome, Outcome::kDone);
  EXPECT_EQ(decode("5\r\nhello\r\n6\r\nhello!\r\n0\r\n\r\n", 100, 10).outcome, Outcome::kTooLarge);
}

TEST(ChunkDecoder, RefusesALargeChunkBeforeItComes) {
  EXPECT_EQ(decode("ffffffff\r\n", 100, 10).outcome, Outcome::kTooLarge);
}

TEST(ChunkDecoder, AcceptsSmallChunksButNotFramingWithoutEnd) {
  std::string small;
  for (int i = 0; i < 100'000; ++i) small += "1\r\nx\r\n";
  EXPECT_EQ(decode(small + "0\r\n\r\n", 4096, 1 << 20).outcome, Outcome::kDone);
  std::string framing;
  for (int i = 0; i < 1000; ++i) framing += "1;" + std::string(200, 'a') + "\r\nx\r\n";
  EXPECT_EQ(decode(framing + "0\r\n\r\n", 4096, 1 << 20).outcome, Outcome::kBad);
}

TEST(ChunkDecoder, RefusesAnEndlessTrailer) {
  std::string trailer;
  for (int i = 0; i < 1000; ++i) trailer += "A: bcdef\r\n";
  EXPECT_EQ(decode("0\r\n" + trailer + "\r\n", 100).outcome, Outcome::kBad);
}

}  // namespace
}  // namespace toolrack::net
