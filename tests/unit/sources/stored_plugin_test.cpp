/// tests/abi/stored: a plugin that was built for ABI 1.0, in the host of today.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <string_view>

#include "http_fixture.hpp"
#include "services/log/recent.hpp"

namespace toolrack::sources::native {
namespace {

using test::Reply;
using ::testing::HasSubstr;

class StoredPlugin : public HttpFixture {
 protected:
  void SetUp() override {
#if !defined(__x86_64__)
    GTEST_SKIP() << "stored_1_0.so is for x86-64";
#else
    place(false);
    open_with_http();
#endif
  }
  /// `changes_id`: as if it had been built once more.
  void place(bool changes_id) {
    std::ifstream in(std::filesystem::path(TOOLRACK_SOURCE_DIR) / "tests/abi/stored/stored_1_0.so", std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const std::string_view id_note("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", 16);
    const auto at = bytes.find(id_note);
    ASSERT_NE(at, std::string::npos);
    if (changes_id) bytes[at + id_note.size()] ^= 1;
    const auto aside = plugins() / ".being-copied";
    std::ofstream(aside, std::ios::binary) << bytes;
    std::filesystem::rename(aside, plugins() / "stored.so");
  }
};

TEST_F(StoredPlugin, AnswersWithItsInputInHand) {
  const auto answer = call("stored", "count", R"({"a":1})");
  ASSERT_FALSE(answer.error) << answer.error->message();
  EXPECT_EQ(answer.output, R"({"count":1,"input":7})");
  ASSERT_EQ(answer.rest.parts.size(), 1U);
  EXPECT_EQ(answer.rest.parts[0].text, "in words");
}

TEST_F(StoredPlugin, FailsAsItSays) {
  const auto answer = call("stored", "fail");
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->message(), "as it was told to");
}

TEST_F(StoredPlugin, SendsARequestToItsProvider) {
  server.on("/base/stored", Reply::json(R"({"ok":true})"));
  const auto answer = call("stored", "fetch");
  ASSERT_FALSE(answer.error) << answer.error->message();
  EXPECT_EQ(answer.output, R"({"status":0,"number":200,"bytes":11,"type":"application/json"})");
  EXPECT_EQ(server.requests().at(0).header("x-stored"), "1.0");
}

TEST_F(StoredPlugin, LogsTellsHowFarItIsAndWaits) {
  TestCall one(skill("stored", "wait"), "{}", loops[0]);
  one.invocation.wants_progress = true;
  one.start();
  EXPECT_EQ(one.wait().output, R"({"waited":true})");
  ASSERT_EQ(one.progress_seen.size(), 1U);
  EXPECT_EQ(one.progress_seen[0], (std::pair<double, std::string>(1, "half")));
  const auto page = services::log::recent().read({.tool = "test/stored"});
  ASSERT_FALSE(page.lines.empty());
  EXPECT_THAT(page.lines.back(), HasSubstr("stored plugin waits"));
}

TEST_F(StoredPlugin, HandsItsStateToTheNextGeneration) {
  EXPECT_EQ(call("stored", "count").output, R"({"count":1,"input":2})");
  place(true);
  scan();
  ASSERT_TRUE(result.is_changed());
  drain(std::move(result.retired));
  EXPECT_EQ(call("stored", "count").output, R"({"count":2,"input":2})");
}

}  // namespace
}  // namespace toolrack::sources::native
