#include "services/log/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"

namespace toolrack::services::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
namespace json = base::json;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override {
    set_level(Level::kInfo);
    set_format(Format::kText);
  }
  template <typename Write>
  static std::string captured(Write write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
  /// What a line is as JSON; fails the test unless it is one line of it.
  static json::Document parsed(const std::string& line) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
    auto document = json::parse(std::string_view(line).substr(0, line.size() - 1));
    EXPECT_TRUE(document) << line << (document ? "" : document.error().message());
    return document ? std::move(*document) : json::Document();
  }
};

/// Every byte that there is, and what terminals and parsers stumble over.
std::string nasty() {
  std::string text;
  for (int c = 0; c < 256; ++c) text.push_back(static_cast<char>(c));
  return text +
         "\xc2\x9b"
         "31m\x1b[2J\r\nlevel=error \"quoted\\\" \xed\xa0\x80 \xf0\x9f\x98\x80 end";
}

TEST_F(LogTest, WritesOneLineOfTextWithFields) {
  const auto line = captured([] {
    write(Level::kWarning, "listener is slow",
          {{"port", std::int64_t{8080}}, {"name", "a b"}, {"ratio", 0.5}, {"tls", true}, {"id", "x1"}});
  });
  EXPECT_THAT(line,
              testing::MatchesRegex("[0-9-]+T[0-9:.]+Z warning   listener is slow port=8080 name=\"a b\" ratio=0.5 "
                                    "tls=true id=x1\n"));
}

TEST_F(LogTest, WritesJsonLines) {
  set_format(Format::kJson);
  const auto document = parsed(captured([] {
    write(Level::kError, "it broke",
          {{"count", std::uint64_t{18446744073709551615u}}, {"nan", std::nan("")}, {"text", nasty()}, {"ok", false}});
  }));
  EXPECT_EQ(json::find_string(document, "level"), "error");
  EXPECT_EQ(json::find_string(document, "message"), "it broke");
  EXPECT_EQ(document["count"].GetUint64(), 18446744073709551615u);
  EXPECT_TRUE(document["nan"].IsNull());
  EXPECT_EQ(json::find_bool(document, "ok"), false);
  EXPECT_THAT(std::string(json::find_string(document, "text").value()), EndsWith("\xf0\x9f\x98\x80 end"));
}

TEST_F(LogTest, LetsNoControlCharacterOut) {
  for (const auto format : {Format::kText, Format::kJson}) {
    set_format(format);
    for (const auto& line :
         {captured([] {
            write(Level::kInfo, "m", {{"x", nasty()}});
          }),
          captured([] { write_plugin(Level::kInfo, nasty(), nasty(), nasty(), R"({"a":"\u001b\u009b\n"})"); })}) {
      for (std::size_t i = 0; i + 1 < line.size(); ++i) {
        const auto byte = static_cast<unsigned char>(line[i]);
        EXPECT_FALSE(byte < 0x20 || byte == 0x7f) << i << ": " << int{byte};
        EXPECT_FALSE(byte == 0xc2 && static_cast<unsigned char>(line[i + 1]) < 0xa0) << i;
      }
      EXPECT_EQ(line.back(), '\n');
    }
  }
}

TEST_F(LogTest, WritesNothingBelowItsLevel) {
  set_level(Level::kWarning);
  EXPECT_FALSE(enabled(Level::kNotice));
  EXPECT_TRUE(enabled(Level::kWarning));
  EXPECT_TRUE(enabled(Level::kEmergency));
  EXPECT_EQ(captured([] {
              write(Level::kInfo, "quiet");
              write_plugin(Level::kNotice, "t", "r", "quiet", "");
            }),
            "");
  set_level(Level::kDebug);
  EXPECT_THAT(captured([] { write(Level::kDebug, "loud"); }), HasSubstr("loud"));
}

TEST_F(LogTest, ReadsLevelNames) {
  Level level = Level::kInfo;
  for (const auto* name : {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}) {
    EXPECT_TRUE(parse_level(name, level)) << name;
  }
  EXPECT_EQ(level, Level::kEmergency);
  for (const auto* name : {"", "WARNING", "warn", "debug ", "trace"}) EXPECT_FALSE(parse_level(name, level)) << name;
  EXPECT_EQ(level, Level::kEmergency);
}

TEST_F(LogTest, CarriesThePluginsFields) {
  set_format(Format::kJson);
  const auto document = parsed(
      captured([] { write_plugin(Level::kInfo, "seo", "01REQ", "fetched", R"({ "status": 200, "url": "x" })"); }));
  EXPECT_EQ(json::find_string(document, "tool"), "seo");
  EXPECT_EQ(json::find_string(document, "request_id"), "01REQ");
  EXPECT_EQ(json::find_string(document, "message"), "fetched");
  EXPECT_EQ(document["fields"]["status"].GetInt(), 200);
}

TEST_F(LogTest, DropsAPluginsBadFieldsWithANote) {
  set_format(Format::kJson);
  for (const auto& fields : {std::string("{"), std::string("[1]"), std::string("1"), std::string("{} {}"),
                             std::string(R"({"a":1,"a":2})"), R"({"a":")" + std::string(5000, 'x') + "\"}",
                             std::string(R"({"a":[[[[[[1]]]]]]})"), std::string("\"},\"level\":\"error")}) {
    const auto document = parsed(captured([&] { write_plugin(Level::kInfo, "seo", "", "text", fields); }));
    EXPECT_FALSE(document.HasMember("fields")) << fields;
    EXPECT_TRUE(document.HasMember("fields_dropped")) << fields;
    EXPECT_EQ(json::find_string(document, "message"), "text");
    EXPECT_EQ(json::find_string(document, "level"), "info");
  }
}

TEST_F(LogTest, BoundsAPluginsText) {
  set_format(Format::kJson);
  std::string text(10'000, 'x');
  text.replace(4095, 2, "\xc3\xa9");  // The limit cuts a character in two.
  const auto document = parsed(captured([&] { write_plugin(Level::kInfo, "seo", "", text, ""); }));
  EXPECT_LE(json::find_string(document, "message")->size(), 4096u + 2);
  EXPECT_EQ(json::find_int(document, "text_bytes"), 10'000);
}

TEST_F(LogTest, APluginCannotForgeFieldsOfATextLine) {
  const auto line = captured([] { write_plugin(Level::kInfo, "seo", "r1", "done tool=admin request_id=r2", ""); });
  EXPECT_THAT(line, EndsWith("\"done tool=admin request_id=r2\" tool=seo request_id=r1\n"));
}

TEST_F(LogTest, KeepsLinesOfSeveralThreadsWhole) {
  set_format(Format::kJson);
  const auto text = captured([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (std::int64_t i = 0; i < 100; ++i) write(Level::kInfo, "line", {{"thread", std::int64_t{t}}, {"i", i}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_TRUE(json::parse(line)) << line;
  EXPECT_EQ(count, 400);
}

}  // namespace
}  // namespace toolrack::services::log
