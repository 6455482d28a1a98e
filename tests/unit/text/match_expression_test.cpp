#include "text/match_expression.hpp"

#include <gtest/gtest.h>

namespace toolrack::text {
namespace {

TEST(MatchExpression, JoinsWordsAsQuotedPrefixes) {
  EXPECT_EQ(match_expression("page  title", Match::kAll), R"("page"* AND "title"*)");
  EXPECT_EQ(match_expression("page title", Match::kAny), R"("page"* OR "title"*)");
}

TEST(MatchExpression, QuotesOperatorsColumnsAndQuotes) {
  EXPECT_EQ(match_expression("a OR b", Match::kAll), R"("a"* AND "OR"* AND "b"*)");
  EXPECT_EQ(match_expression("title:x", Match::kAll), R"("title:x"*)");
  EXPECT_EQ(match_expression(R"(a" OR "b)", Match::kAll), R"("a"""* AND "OR"* AND """b"*)");
}

TEST(MatchExpression, LeavesOutWhatHasNoLetterOrDigit) {
  EXPECT_EQ(match_expression("* - \" ( ) ++ a", Match::kAll), R"("a"*)");
  EXPECT_EQ(match_expression(" \t\n*", Match::kAll), "");
  EXPECT_EQ(match_expression("", Match::kAll), "");
}

TEST(MatchExpression, SearchesThePluralByItsSingular) {
  EXPECT_EQ(match_expression("keywords css", Match::kAll), R"("keyword"* AND "css"*)");
}

TEST(MatchExpression, StopsAfterTheLastUsefulWord) {
  std::string typed;
  for (int i = 0; i < 5'000; ++i) typed += "w" + std::to_string(i) + " ";
  const auto expression = match_expression(typed, Match::kAll);
  EXPECT_NE(expression.find("\"w63\""), std::string::npos);
  EXPECT_EQ(expression.find("\"w64\""), std::string::npos);
}

TEST(MatchExpression, TreatsZeroBytesAsSpace) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(match_expression("a\0b"sv, Match::kAll), R"("a"* AND "b"*)");
}

TEST(QuestionExpression, TakesTheTellingWordsOfASentence) {
  EXPECT_EQ(question_expression("How do I keep Google's bots out of /admin?"),
            R"("keep" OR "Google" OR "bots" OR "admin")");
  EXPECT_EQ(question_expression("can I use more than 1 h1"), R"("1" OR "h1")");
  EXPECT_EQ(question_expression("Größe"), R"("Größe")");
}

TEST(QuestionExpression, KeepsOtherWordsWhenThereAreNoTellingOnes) {
  EXPECT_EQ(question_expression("what is it"), R"("what" OR "is" OR "it")");
  EXPECT_EQ(question_expression(" ?! "), "");
}

TEST(QuestionExpression, NothingTypedIsAnOperator) {
  EXPECT_EQ(question_expression(R"(title:size* NEAR(page "zoo) NOT OR ^quiz)"),
            R"("title" OR "size" OR "NEAR" OR "page" OR "zoo" OR "quiz")");
}

}  // namespace
}  // namespace toolrack::text
