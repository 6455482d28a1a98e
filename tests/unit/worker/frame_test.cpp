#include "worker/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace toolrack::worker {
namespace {

/// Everything that comes of `bytes`, given in steps of `step`.
std::vector<std::pair<FrameType, std::string>> read_all(FrameReader& reader, std::string_view bytes, std::size_t step) {
  std::vector<std::pair<FrameType, std::string>> out;
  while (!bytes.empty()) {
    const auto room = reader.room();
    const auto size = std::min({step, room.size(), bytes.size()});
    std::copy_n(bytes.data(), size, room.data());
    reader.filled(size);
    bytes.remove_prefix(size);
    while (const auto frame = reader.next()) out.emplace_back(frame->type, std::string(frame->payload));
  }
  return out;
}

std::string frame_of(FrameType type, std::uint64_t id, std::string_view text) {
  FrameWriter writer(type, id);
  writer.text(text);
  return std::move(writer).take();
}

TEST(Frames, ReadBackWhatWasWrittenWhereverTheBytesAreCut) {
  const std::string large(300'000, 'x');
  const auto bytes =
      frame_of(FrameType::kInvoke, 1, "a") + frame_of(FrameType::kDone, 2, large) + frame_of(FrameType::kCancel, 3, "");
  for (const std::size_t step : {1UL, 7UL, 4096UL, bytes.size()}) {
    FrameReader reader;
    const auto frames = read_all(reader, bytes, step);
    ASSERT_EQ(frames.size(), 3U) << step;
    EXPECT_EQ(frames[0].first, FrameType::kInvoke);
    FieldReader fields(frames[1].second);
    EXPECT_EQ(fields.text(), large);
    EXPECT_TRUE(fields.is_whole());
    EXPECT_FALSE(reader.is_broken());
  }
}

TEST(Frames, SayWhichGuestTheyAreAbout) {
  auto bytes = FrameWriter(FrameType::kCancel, 7).take();
  auto other = FrameWriter(FrameType::kCancel, 7).take(3);
  EXPECT_EQ(read_frame(bytes)->guest, 0);
  set_guest(bytes, 65'535);
  FrameReader reader;
  const auto room = reader.room();
  std::copy_n((bytes + other).data(), bytes.size() + other.size(), room.data());
  reader.filled(bytes.size() + other.size());
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->guest, 65'535);
  EXPECT_EQ(first->type, FrameType::kCancel);
  EXPECT_EQ(first->id, 7U);
  const auto second = reader.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->guest, 3);
}

TEST(Frames, AreBrokenByALengthThatNoFrameHas) {
  for (const std::uint32_t length : {0U, kShortestFrame - 1, kLongestFrame + 1, ~0U}) {
    auto bytes = frame_of(FrameType::kLog, 1, "text");
    std::memcpy(bytes.data(), &length, sizeof length);
    FrameReader reader;
    EXPECT_TRUE(read_all(reader, bytes + frame_of(FrameType::kLog, 2, "next"), 5).empty()) << length;
    EXPECT_TRUE(reader.is_broken()) << length;
  }
}

TEST(Frames, AreBrokenByATypeThatIsNone) {
  for (const std::uint32_t type : {0U, static_cast<std::uint32_t>(FrameType::kLast) + 1, ~0U}) {
    auto bytes = frame_of(FrameType::kLog, 1, "text");
    std::memcpy(bytes.data() + 4, &type, sizeof type);
    FrameReader reader;
    EXPECT_TRUE(read_all(reader, bytes, bytes.size()).empty()) << type;
    EXPECT_TRUE(reader.is_broken()) << type;
  }
}

TEST(Frames, ReserveNothingForALengthThatIsOnlyPromised) {
  auto bytes = frame_of(FrameType::kLog, 1, "");
  std::memcpy(bytes.data(), &kLongestFrame, sizeof kLongestFrame);
  FrameReader reader;
  EXPECT_TRUE(read_all(reader, bytes, bytes.size()).empty());
  EXPECT_FALSE(reader.is_broken());
  EXPECT_LE(reader.room().size(), 64U << 10);
}

TEST(Frames, TellWhenTheyWouldBeTooLong) {
  FrameWriter writer(FrameType::kEmit, 1);
  writer.text(std::string(kLongestFrame - kShortestFrame - 4, 'x'));
  EXPECT_FALSE(writer.is_too_long());
  writer.u32(1);
  EXPECT_TRUE(writer.is_too_long());
}

TEST(Fields, FailOnceSomethingIsMissingAndStayEmpty) {
  const auto bytes = frame_of(FrameType::kLog, 1, "text").substr(16);
  FieldReader cut(std::string_view(bytes).substr(0, bytes.size() - 1));
  EXPECT_EQ(cut.text(), "");
  EXPECT_EQ(cut.u32(), 0U);
  EXPECT_TRUE(cut.has_failed());
  FieldReader rest(bytes);
  EXPECT_EQ(rest.u32(), 4U);
  EXPECT_FALSE(rest.is_whole()) << "the text was not read";
}

TEST(Fields, RefuseACountThatCannotFollow) {
  const std::uint32_t many = 1'000'000'000;
  std::string bytes(reinterpret_cast<const char*>(&many), sizeof many);
  bytes += "12345678";
  FieldReader fields(bytes);
  EXPECT_EQ(fields.count(8), 0U);
  EXPECT_TRUE(fields.has_failed());
}

}  // namespace
}  // namespace toolrack::worker
