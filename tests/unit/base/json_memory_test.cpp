#include "base/json_memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/json.hpp"

namespace toolrack::base::json {
namespace {

TEST(ReadMemory, LendsItsBlocksAgainAndAgain) {
  ReadMemory memory;
  void* first = memory.Malloc(100);
  void* second = memory.Malloc(100);
  EXPECT_NE(first, second);
  ReadMemory::Free(first);
  EXPECT_EQ(memory.Malloc(8'000), first);
  ReadMemory::Free(first);
  ReadMemory::Free(second);
  ReadMemory::Free(nullptr);
}

TEST(ReadMemory, HasMemoryForOneMoreAndForMuch) {
  ReadMemory memory;
  void* kept[] = {memory.Malloc(1), memory.Malloc(1), memory.Malloc(1), memory.Malloc(1), memory.Malloc(1 << 20)};
  for (auto* block : kept) {
    ASSERT_NE(block, nullptr);
    std::memset(block, 1, 1);
  }
  for (auto* block : kept) ReadMemory::Free(block);
}

TEST(ReadMemory, KeepsTheBytesOfABlockThatGrowsTooLarge) {
  ReadMemory memory;
  auto* block = static_cast<char*>(memory.Malloc(4));
  std::memcpy(block, "abcd", 4);
  block = static_cast<char*>(memory.Realloc(block, 4, 10'000));
  block = static_cast<char*>(memory.Realloc(block, 10'000, 1 << 20));
  block = static_cast<char*>(memory.Realloc(block, 1 << 20, 2 << 20));
  EXPECT_EQ(std::string(block, 4), "abcd");
  EXPECT_EQ(memory.Realloc(block, 2 << 20, 0), nullptr);
}

TEST(Scratch, HoldsOneDocumentAfterAnother) {
  Scratch scratch;
  for (const std::string text : {R"({"a":"b\u00e9\n","c":[1,2.5,null,true]})", "[]", R"("only text")"}) {
    const auto document = parse(text, {}, {}, &scratch);
    ASSERT_TRUE(document.has_value()) << document.error().message();
    EXPECT_EQ(dump(*document), dump(*parse(text)));
  }
}

TEST(Scratch, TakesADocumentThatIsLargerThanItself) {
  Scratch scratch;
  const auto large = "[\"" + std::string(100'000, 'x') + "\"," + std::string(300, '1') + "e-300" + "]";
  for (int i = 0; i < 3; ++i) {
    const auto document = parse(large, {}, {}, &scratch);
    ASSERT_TRUE(document.has_value()) << document.error().message();
    EXPECT_EQ((*document)[0].GetStringLength(), 100'000u);
  }
  EXPECT_EQ(dump(*parse("[7]", {}, {}, &scratch)), "[7]");
}

TEST(Scratch, IsGoodAfterADocumentThatWasRefused) {
  Scratch scratch;
  for (const std::string text : {"{\"a\":", R"({"a":1,"a":2})", "[[[[", "\"\\ud800\"", "nul"})
    EXPECT_FALSE(parse(text, {}, {}, &scratch).has_value()) << text;
  EXPECT_EQ(dump(*parse(R"({"a":[]})", {}, {}, &scratch)), R"({"a":[]})");
}

TEST(Parse, GivesValuesThatCanBeCopiedIntoADocumentThatOutlivesTheirs) {
  Document kept;
  {
    const auto document = parse(R"({"a name that is no short string":["a text that is no short string"]})");
    kept.CopyFrom(*document, kept.GetAllocator());
  }
  static_cast<void>(parse(std::string(4'000, ' ') + "1"));  // Uses the memory again.
  EXPECT_EQ(dump(kept), R"({"a name that is no short string":["a text that is no short string"]})");
}

TEST(Parse, CutsOutWhatIsWrittenWithEscapes) {
  std::array captures{Capture{.depth = 1, .parent = {}, .key = "id", .text = {}},
                      Capture{.depth = 2, .parent = "params", .key = "arguments", .text = {}}};
  const std::string text = R"({"\u0070arams":{"x":"\"","arguments":{"a":"\\\"}","b":"é"}},"id":"\u0041\"1"})";
  ASSERT_TRUE(parse(text, {}, captures).has_value());
  EXPECT_EQ(captures[0].text, R"("\u0041\"1")");
  EXPECT_EQ(captures[1].text, R"({"a":"\\\"}","b":"é"})");
}

}  // namespace
}  // namespace toolrack::base::json
