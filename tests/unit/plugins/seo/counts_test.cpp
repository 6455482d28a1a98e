/// Lists in a report are shortened; the numbers beside them are not.
#include "analysis/analysis.hpp"
#include "unit/plugins/seo/bodies.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <string>

namespace toolrack::seo {
namespace {

using testing::repeated;

class Report {
 public:
  explicit Report(std::string body) {
    Fetched fetched;
    fetched.url = fetched.requested_url = "https://example.com/";
    fetched.status = 200;
    fetched.headers = {{"content-type", "text/html; charset=utf-8"}};
    fetched.body = std::move(body);
    const std::string json = to_json(analyze(std::move(fetched), {}));
    document_.Parse(json.data(), json.size());
  }
  std::uint64_t number(const char* pointer) const {
    const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(document_);
    return value != nullptr && value->IsUint64() ? value->GetUint64() : ~std::uint64_t{0};
  }
  std::size_t length(const char* pointer) const {
    const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(document_);
    return value != nullptr && value->IsArray() ? value->Size() : ~std::size_t{0};
  }
  std::uint64_t count_of(std::string_view id) const {
    for (const rapidjson::Value& issue : document_["issues"].GetArray()) {
      if (issue["id"].GetString() == id) return issue["count"].GetUint64();
    }
    return 0;
  }

 private:
  rapidjson::Document document_;
};

TEST(Counts, GoOnWhereTheListOfHeadingsEnds) {
  const Report report("<!doctype html>" + repeated("<h1>a</h1><h2>b</h2><h4>c</h4>", 2000) +
                      repeated("<h4></h4>", 1500));
  EXPECT_EQ(report.number("/headings/counts/h1"), 2000U);
  EXPECT_EQ(report.number("/headings/counts/h2"), 2000U);
  EXPECT_EQ(report.number("/headings/counts/h4"), 3500U);
  EXPECT_EQ(report.number("/headings/counts/h3"), 0U);
  EXPECT_EQ(report.length("/headings/outline"), 200U);
  EXPECT_EQ(report.count_of("headings.h1_multiple"), 2000U);
  EXPECT_EQ(report.count_of("headings.skipped"), 2000U);
  EXPECT_EQ(report.count_of("headings.empty"), 1500U);
}

TEST(Counts, GoOnWhereTheListsOfTheHeadEnd) {
  const Report report("<!doctype html>" +
                      repeated("<title>A</title><meta name=description content=d><link rel=canonical href=/>", 300));
  EXPECT_EQ(report.number("/title/count"), 300U);
  EXPECT_EQ(report.number("/meta_description/count"), 300U);
  EXPECT_EQ(report.number("/canonical/count"), 300U);
  EXPECT_EQ(report.count_of("title.multiple"), 300U);
  EXPECT_EQ(report.count_of("description.multiple"), 300U);
}

TEST(Counts, TellTheLengthOfATextThatWasShortened) {
  const Report report("<!doctype html><title>" + repeated("\xD0\xB6 ", 5000) +
                      "</title><meta name=description content='" + repeated("word ", 100'000) + "'>");
  EXPECT_EQ(report.number("/title/length"), 9'999U);
  EXPECT_EQ(report.number("/meta_description/length"), 499'999U);
}

}  // namespace
}  // namespace toolrack::seo
