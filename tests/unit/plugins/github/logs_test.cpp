/// The logs of a run: a redirect to another host, and a ZIP from there.
#include <gmock/gmock.h>

#include "base64.hpp"
#include "unit/plugins/github/skill_host.hpp"
#include "zip.hpp"

namespace toolrack::github::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kRun = "/repos/octocat/Hello-World/actions/runs/42/logs";
constexpr std::string_view kStore = "https://store.blob.core.windows.net/logs?sig=abc";

/// Made with Python's zipfile: a directory, two deflated files of 8 and 14,000 bytes, a stored one.
const std::string& archive() {
  static const std::string bytes = *from_base64(
      "UEsDBBQAAAAIANpoeV0AAAAAAgAAAAAAAAAGAAAAYnVpbGQvAwBQSwMEFAAAAAgA2mh5XeYLuhIKAAAACAAAABYAAABidWlsZC8x"
      "X1NldCB1cCBqb2IudHh0y89L5Sopz+cCAFBLAwQUAAAACADaaHld4gpVD2AAAACwNgAAFQAAAGJ1aWxkLzJfUnVuIHRlc3RzLnR4"
      "dO3MsQ2AIAAEwN4pHEERFQeyMCHuXxrzY3DVddef956Xqf+soYQt1LCHI5yhhStYLBaLxWKxWCwWi8VisVgsFovFYrFYLBaLxWKx"
      "WCwWi8VisVgsFovFYrFYLBaLZeDlA1BLAwQUAAAAAAAAACEAZ2Q2uxEAAAARAAAAEQAAAHRlc3QvMV9zdG9yZWQudHh0a2VwdCBh"
      "cyBpdCBpcyDDqQpQSwECFAMUAAAACADaaHldAAAAAAIAAAAAAAAABgAAAAAAAAAAABAA/UEAAAAAYnVpbGQvUEsBAhQDFAAAAAgA"
      "2mh5XeYLuhIKAAAACAAAABYAAAAAAAAAAAAAAIABJgAAAGJ1aWxkLzFfU2V0IHVwIGpvYi50eHRQSwECFAMUAAAACADaaHld4gpV"
      "D2AAAACwNgAAFQAAAAAAAAAAAAAAgAFkAAAAYnVpbGQvMl9SdW4gdGVzdHMudHh0UEsBAhQDFAAAAAAAAAAhAGdkNrsRAAAAEQAA"
      "ABEAAAAAAAAAAAAAAIAB9wAAAHRlc3QvMV9zdG9yZWQudHh0UEsFBgAAAAAEAAQA+gAAADcBAAAAAA==");
  return bytes;
}

class WorkflowLogs : public SkillHost {
 protected:
  void serve(std::string body) {
    on("GET", kRun, sdk::FakeReply(302, "").header("location", std::string(kStore)));
    on("GET", kStore, 200, std::move(body));
  }
};

TEST_F(WorkflowLogs, AreFetchedWithoutTheToken) {
  serve(archive());
  ASSERT_TRUE(run("get_workflow_logs", R"("run_id":42)").ok()) << outcome.message;
  EXPECT_EQ(at("/count"), "3");
  EXPECT_EQ(at("/files/0/name"), "\"build/1_Set up job.txt\"");
  EXPECT_EQ(at("/files/0/text"), "\"one\\ntwo\\n\"");
  EXPECT_EQ(at("/files/1/size"), "14000");
  EXPECT_EQ(at("/files/2/text"), "\"kept as it is é\\n\"");
  EXPECT_EQ(at("/truncated"), "false");
  const auto requests = host.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].credential, "") << "the provider's own";
  EXPECT_NE(requests[0].flags & TR_HTTP_NO_REDIRECT, 0u);
  EXPECT_EQ(requests[1].credential, "-");
  EXPECT_EQ(requests[1].header("authorization"), "");
}

TEST_F(WorkflowLogs, AreCutToTheirLastPart) {
  serve(archive());
  ASSERT_TRUE(run("get_workflow_logs", R"("run_id":42,"file":"tests","max_bytes":1000)").ok());
  EXPECT_EQ(at("/count"), "1");
  EXPECT_EQ(at("/files/0/truncated"), "true");
  EXPECT_EQ(output["files"][0]["text"].GetStringLength(), 1000u);
  EXPECT_THAT(at("/files/0/text"), ::testing::EndsWith("line 8\\nline 9\\n\""));
}

TEST_F(WorkflowLogs, SayWhatIsWrongWithThem) {
  serve("no archive");
  EXPECT_EQ(run("get_workflow_logs", R"("run_id":42)").code, "github.garbage");
  on("GET", kRun, 404, R"({"message":"Not Found"})");
  EXPECT_EQ(run("get_workflow_logs", R"("run_id":42)").code, "github.not_found");
  on("GET", kRun, sdk::FakeReply(302, "").header("location", std::string(kStore)));
  on("GET", kStore, 403, "expired");
  EXPECT_FALSE(run("get_workflow_logs", R"("run_id":42)").ok());
}

/// Every byte changed and every length cut: an answer or none, and no read outside (the sanitizers watch).
TEST(ReadZip, SurvivesDamage) {
  const auto look = [](std::string_view bytes) {
    const auto entries = read_zip(bytes);
    if (!entries) return;
    for (const auto& entry : *entries) {
      const auto tail = unpack_tail(entry, 100, 20'000);
      if (tail) EXPECT_LE(tail->bytes.size(), 100u);
    }
  };
  for (std::size_t at = 0; at < archive().size(); ++at) {
    look(std::string_view(archive()).substr(0, at));
    look(std::string_view(archive()).substr(at));
    for (const int change : {0x01, 0x80, 0xff}) {
      auto bytes = archive();
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      look(bytes);
    }
  }
}

TEST(ReadZip, StopsAtTheLimit) {
  const auto entries = read_zip(archive());
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), 3u);
  EXPECT_TRUE(unpack_tail(entries->at(1), 10, 14'000));
  EXPECT_FALSE(unpack_tail(entries->at(1), 10, 13'999));
}

}  // namespace
}  // namespace toolrack::github::testing
