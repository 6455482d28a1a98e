#include "pcm.hpp"

#include <gtest/gtest.h>

#include "base64_out.hpp"

namespace toolrack::voice {
namespace {

std::string decode(std::string_view text) {
  auto base64 = Base64::of(text);
  if (!base64) return "(no length)";
  std::string out;
  while (true) {
    const auto piece = base64->next();
    if (!piece) return "(foreign)";
    if (piece->empty()) break;
    out += *piece;
  }
  EXPECT_EQ(out.size(), base64->size()) << text;
  return out;
}

TEST(Base64, ReadsTheExamplesOfItsRfc) {
  EXPECT_EQ(decode(""), "");
  EXPECT_EQ(decode("Zg=="), "f");
  EXPECT_EQ(decode("Zm8="), "fo");
  EXPECT_EQ(decode("Zm9v"), "foo");
  EXPECT_EQ(decode("Zm9vYg=="), "foob");
  EXPECT_EQ(decode("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode("Zm9vYmFy"), "foobar");
}

TEST(Base64, IsTheSameHoweverTheBytesAreCut) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    for (const std::size_t piece : {1U, 2U, 3U, 4U, 7U, 256U}) {
      Base64Out out(size);
      for (std::size_t from = 0; from < size; from += piece)
        out.add(std::string_view(bytes).substr(from, std::min(piece, size - from)));
      const std::string text = std::move(out).finish();
      ASSERT_EQ(text.size() % 4, 0u);
      ASSERT_EQ(decode(text), bytes.substr(0, size)) << piece;
    }
  }
}

TEST(Base64, ReadsPaddingThatIsEscapedOrLeftOut) {
  EXPECT_EQ(decode("Zg\\u003d\\u003d"), "f");
  EXPECT_EQ(decode("Zm8\\u003d"), "fo");
  EXPECT_EQ(decode("Zg"), "f");
}

TEST(Base64, RefusesWhatIsNone) {
  EXPECT_EQ(decode("Zm9vY"), "(no length)");
  EXPECT_EQ(decode("Zm9="
                   "Zm9v"),
            "(foreign)");
  EXPECT_EQ(decode("Zm\n9"), "(foreign)");
  EXPECT_EQ(decode("Zm-_"), "(foreign)");
}

TEST(Base64, JoinsPiecesWithoutALoss) {
  std::string text, wanted;
  for (int i = 0; i < 200'000; ++i) {
    text += "Zm9v";
    wanted += "foo";
  }
  EXPECT_EQ(decode(text + "Zm8="), wanted + "fo");
}

TEST(LiftData, TakesOutTheMembersOfThatName) {
  const auto lifted =
      lift_data(R"({"a":"data","b\"":[{"data" : "AAAA","data":5}, {"x":"data","data":"B\\"}],"data":"C\"D"})");
  EXPECT_EQ(lifted.json, R"({"a":"data","b\"":[{"data" : 0,"data":5}, {"x":"data","data":1}],"data":2})");
  ASSERT_EQ(lifted.data.size(), 3u);
  EXPECT_EQ(lifted.data[0], "AAAA");
  EXPECT_EQ(lifted.data[1], "B\\\\");
  EXPECT_EQ(lifted.data[2], "C\\\"D");
}

TEST(LiftData, LeavesTheRestAsItIs) {
  for (const std::string_view json : {"", "{}", R"({"a":"b","data":["c"]})", R"(["data","x"])", "<html>", "\""})
    EXPECT_EQ(lift_data(json).json, json);
  EXPECT_EQ(lift_data(R"({"data":"cut)").data.size(), 1u);
}

TEST(SampleRate, IsReadFromTheMediaType) {
  EXPECT_EQ(sample_rate("audio/L16;codec=pcm;rate=24000"), 24'000u);
  EXPECT_EQ(sample_rate("audio/l16; rate=16000; channels=1"), 16'000u);
  EXPECT_EQ(sample_rate("audio/L16"), std::nullopt);
  EXPECT_EQ(sample_rate("audio/L16;rate=0"), std::nullopt);
  EXPECT_EQ(sample_rate("audio/L16;rate=24000;channels=2"), std::nullopt);
  EXPECT_EQ(sample_rate("audio/wav;rate=24000"), std::nullopt);
  EXPECT_EQ(sample_rate(""), std::nullopt);
}

}  // namespace
}  // namespace toolrack::voice
