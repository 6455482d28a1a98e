#include "cli/call_verb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.hpp"
#include "support/temp_directory.hpp"
#include "unit/cli/fake_api.hpp"

namespace toolrack::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CallBody : public ::testing::Test {
 protected:
  /// The canonical body, or the error's message.
  std::string body(const CallOptions& options) {
    testing::FakeApi api(replies_, asked_);
    const auto made = call_body(options, api);
    return made ? base::json::canonical(*base::json::parse(*made)) : made.error().message();
  }

  testing::FakeApi::Replies replies_{
      {"GET /v1/tools/weather",
       {200, R"({"skills":[{"name":"now","inputSchema":{"properties":{"days":{"type":"integer"}}}},
                {"name":"forecast","inputSchema":{"properties":{"place":{"type":"string"},"days":{"type":"integer"},
                 "max_bytes":{"type":"integer"},"detailed":{"type":"boolean"},
                 "units":{"type":"array","items":{"type":"string"}}}}}]})"}},
      {"GET /v1/tools/mcp",
       {200, R"({"tools":[{"name":"weather_now","inputSchema":{"properties":{"zip":{"type":"string"}}}}]})"}}};
  std::vector<testing::Asked> asked_;
};

TEST_F(CallBody, AsksForNoSchemaWhenThereAreNoPairs) {
  EXPECT_EQ(body({.tool = "echo", .skill = "echo", .input = R"({"message":"x"})"}),
            R"({"async":false,"can_answer":["form","url"],"input":{"message":"x"},"skill":"echo","tool":"echo"})");
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(CallBody, TypesPairsByTheSkillsSchema) {
  EXPECT_EQ(
      body({.tool = "weather", .skill = "forecast", .rest = {"--place", "5", "--days=3", "--detailed"}}),
      R"({"async":false,"can_answer":["form","url"],"input":{"days":3,"detailed":true,"place":"5"},"skill":"forecast","tool":"weather"})");
  EXPECT_THAT(asked_, SizeIs(1));
}

TEST_F(CallBody, GathersAnOptionGivenSeveralTimes) {
  EXPECT_EQ(
      body({.tool = "weather", .skill = "forecast", .rest = {"--units", "mm", "--units", "°C"}}),
      R"({"async":false,"can_answer":["form","url"],"input":{"units":["mm","°C"]},"skill":"forecast","tool":"weather"})");
}

TEST_F(CallBody, TakesADashForTheUnderscoreThatTheSkillHas) {
  EXPECT_EQ(
      body({.tool = "weather", .skill = "forecast", .rest = {"--max-bytes", "9"}}),
      R"({"async":false,"can_answer":["form","url"],"input":{"max_bytes":9},"skill":"forecast","tool":"weather"})");
  EXPECT_EQ(
      body({.tool = "weather", .skill = "forecast", .rest = {"--un-known", "9"}}),
      R"({"async":false,"can_answer":["form","url"],"input":{"un-known":9},"skill":"forecast","tool":"weather"})");
}

TEST_F(CallBody, TypesTheInputOfAFlatName) {
  EXPECT_EQ(body({.tool = "weather_now", .rest = {"--zip", "01067"}}),
            R"({"async":false,"can_answer":["form","url"],"input":{"zip":"01067"},"tool":"weather_now"})");
}

TEST_F(CallBody, SaysWhichBackendsServeTheCall) {
  const auto of = [&](std::string backend) { return body({.tool = "voice", .skill = "speak", .backend = backend}); };
  EXPECT_EQ(
      of("beta"),
      R"({"async":false,"backend":{"only":["beta"],"order":["beta"]},"can_answer":["form","url"],"input":{},"skill":"speak","tool":"voice"})");
  EXPECT_THAT(of("beta,alpha"), HasSubstr(R"("backend":{"only":["beta","alpha"],"order":["beta","alpha"]})"));
  EXPECT_THAT(of(R"({"sort": "price", "allow_fallbacks": false})"),
              HasSubstr(R"("backend":{"allow_fallbacks":false,"sort":"price"})"));
  EXPECT_THAT(of("alpha,,beta"), HasSubstr("--backend: \"alpha,,beta\" has a name that is empty"));
  EXPECT_THAT(of(""), HasSubstr("--backend: \"\" has a name that is empty"));
  EXPECT_THAT(of("{"), HasSubstr("--backend: "));
}

TEST_F(CallBody, SaysWhetherAKeptAnswerWillDo) {
  EXPECT_THAT(body({.tool = "kraken", .skill = "ticker", .cache = "refresh"}), HasSubstr(R"("cache":"refresh")"));
}

TEST_F(CallBody, LaysPairsOverTheInput) {
  EXPECT_EQ(
      body({.tool = "weather", .skill = "forecast", .input = R"({"place":"a","days":1})", .rest = {"--days", "2"}}),
      R"({"async":false,"can_answer":["form","url"],"input":{"days":2,"place":"a"},"skill":"forecast","tool":"weather"})");
}

TEST_F(CallBody, LeavesToTheGatewayToSayThatASkillIsUnknown) {
  EXPECT_EQ(body({.tool = "nobody/nothing", .skill = "x", .rest = {"--a", "1"}}),
            R"({"async":false,"can_answer":["form","url"],"input":{"a":1},"skill":"x","tool":"nobody/nothing"})");
  EXPECT_EQ(asked_.front().path, "/v1/tools/nobody/nothing");
}

TEST_F(CallBody, RefusesOptionsOfTheProgramWhereTheyWouldBeTheSkills) {
  for (const auto* option : {"--format", "--config", "--data", "--plugins", "--url", "--key"}) {
    const auto name = std::string(option).substr(2);
    const auto refusal = "the skill has no input \"" + name + "\"";
    EXPECT_EQ(body({.tool = "weather", .skill = "forecast", .rest = {option, "x"}}), refusal);
    if (name != "url") EXPECT_EQ(body({.tool = "nobody", .skill = "x", .rest = {option, "x"}}), refusal);
    EXPECT_EQ(body({.tool = "weather", .skill = "forecast", .input = R"({")" + name + R"(":1})"}),
              R"({"async":false,"can_answer":["form","url"],"input":{")" + name +
                  R"(":1},"skill":"forecast","tool":"weather"})");
  }
}

TEST_F(CallBody, SaysTheCallsOwnOptions) {
  EXPECT_EQ(
      body({.tool = "t", .skill = "s", .dry_run = true, .confirm = true, .max_price = "0.5", .timeout_ms = 100}),
      R"({"async":false,"can_answer":["form","url"],"confirm":true,"dry_run":true,"input":{},"max_price":"0.5","skill":"s","timeout_ms":100,"tool":"t"})");
}

TEST_F(CallBody, WaitsForTheEndUnlessItIsToBeAJob) {
  EXPECT_EQ(body({.tool = "t", .skill = "s"}),
            R"({"async":false,"can_answer":["form","url"],"input":{},"skill":"s","tool":"t"})");
  EXPECT_EQ(body({.tool = "t", .skill = "s", .async = true}),
            R"({"async":true,"can_answer":["form","url"],"input":{},"skill":"s","tool":"t"})");
}

TEST_F(CallBody, ReadsTheInputFromAFile) {
  const testing::TempDirectory directory;
  const auto path = directory.path() / "input.json";
  std::ofstream(path) << R"({"a":1})";
  EXPECT_EQ(body({.tool = "t", .skill = "s", .input = "@" + path.string()}),
            R"({"async":false,"can_answer":["form","url"],"input":{"a":1},"skill":"s","tool":"t"})");
  EXPECT_EQ(body({.tool = "t", .skill = "s", .input = "@" + path.string() + "x"}), path.string() + "x cannot be read");
}

TEST_F(CallBody, NamesTheWordThatItCannotRead) {
  EXPECT_THAT(body({.tool = "weather", .skill = "forecast", .rest = {"stray"}}), HasSubstr("\"stray\""));
  EXPECT_THAT(body({.tool = "weather", .skill = "forecast", .rest = {"--days", "soon"}}), HasSubstr("\"soon\""));
  EXPECT_THAT(body({.tool = "weather", .skill = "now", .input = "{"}), HasSubstr("--input: "));
  EXPECT_EQ(body({.tool = "weather", .skill = "now", .input = "[]"}), "--input is not a JSON object");
}

}  // namespace
}  // namespace toolrack::cli
