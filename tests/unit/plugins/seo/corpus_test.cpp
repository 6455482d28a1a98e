#include "unit/plugins/seo/corpus.hpp"

#include "analysis/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <ostream>

namespace toolrack::seo::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAreArray;
using ::testing::Not;

class SeoCorpus : public ::testing::TestWithParam<CorpusCase> {};

std::string dump(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

std::vector<std::string> ids_of(const rapidjson::Document& report, const std::string& severity) {
  std::vector<std::string> out;
  for (const auto& issue : report["issues"].GetArray()) {
    if (issue["severity"].GetString() == severity) out.emplace_back(issue["id"].GetString());
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Exactly the errors and warnings that are expected, at least the notices, and the values at their JSON Pointers.
TEST_P(SeoCorpus, HasItsFindingsAndNoOthers) {
  const CorpusCase& test = GetParam();
  const rapidjson::Value& expect = (*test.meta)["expect"];
  const std::string json = to_json(analyze(fetched_of(test), robots_of(test)));
  std::size_t replaced = 0;
  to_valid_utf8(json, replaced);
  EXPECT_EQ(replaced, 0U) << "the report is not UTF-8";
  rapidjson::Document report;
  report.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  ASSERT_FALSE(report.HasParseError()) << json;

  EXPECT_THAT(ids_of(report, "error"), ElementsAreArray(texts_of(expect, "errors")));
  EXPECT_THAT(ids_of(report, "warning"), ElementsAreArray(texts_of(expect, "warnings")));
  const std::vector<std::string> notices = ids_of(report, "notice");
  for (const std::string& id : texts_of(expect, "notices")) EXPECT_THAT(notices, Contains(id));
  for (const std::string& id : texts_of(expect, "absent")) {
    for (const auto& issue : report["issues"].GetArray()) EXPECT_NE(issue["id"].GetString(), id);
  }
  for (const auto& value : expect["values"].GetObject()) {
    const rapidjson::Value* const found =
        rapidjson::Pointer(value.name.GetString(), value.name.GetStringLength()).Get(report);
    ASSERT_NE(found, nullptr) << value.name.GetString() << " is not in " << json.substr(0, 2000);
    EXPECT_EQ(dump(*found), dump(value.value)) << value.name.GetString();
  }
}

TEST_P(SeoCorpus, GivesTheSameReportTwice) {
  const CorpusCase& test = GetParam();
  EXPECT_EQ(to_json(analyze(fetched_of(test), robots_of(test))), to_json(analyze(fetched_of(test), robots_of(test))));
}

INSTANTIATE_TEST_SUITE_P(Pages, SeoCorpus, ::testing::ValuesIn(read_corpus()), [](const auto& test) {
  std::string name = test.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(SeoCorpusItself, HoldsAtLeastThirtyPages) { EXPECT_GE(read_corpus().size(), 30U); }

}  // namespace

void PrintTo(const CorpusCase& test, std::ostream* out) { *out << test.name; }

}  // namespace toolrack::seo::testing
