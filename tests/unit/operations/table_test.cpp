#include "operations/table.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "base/json.hpp"

namespace toolrack::operations {
namespace {

class TableTest : public ::testing::Test {
 protected:
  std::vector<std::string> routes(const Operation& operation) {
    std::vector<std::string> all;
    auto paths = operation.more_paths;
    if (!operation.path.empty()) paths.push_back(operation.path);
    // Two parameters in one place are the same route, whatever they are called.
    for (const auto path : paths)
      all.push_back(std::string(operation.method) + " " +
                    std::regex_replace(std::string(path), std::regex(":[a-z_]+"), ":"));
    return all;
  }
  const Table table_;
};

TEST_F(TableTest, CompilesEveryInputSchema) {
  EXPECT_GE(table_.entries().size(), 15u);
  for (const auto& entry : table_.entries()) {
    ASSERT_NE(entry.validator, nullptr) << entry.operation.name;
    const auto schema = base::json::parse(entry.operation.input_schema);
    ASSERT_TRUE(schema) << entry.operation.name;
    EXPECT_EQ(base::json::find_string(*schema, "type"), "object") << "MCP wants it: " << entry.operation.name;
    EXPECT_EQ(base::json::find_bool(*schema, "additionalProperties"), false) << entry.operation.name;
    EXPECT_TRUE(base::json::parse(entry.operation.annotations)) << entry.operation.name;
  }
}

TEST_F(TableTest, HasEveryNameAndAliasOnce) {
  std::set<std::string_view> names;
  for (const auto& entry : table_.entries()) {
    EXPECT_TRUE(names.insert(entry.operation.name).second) << entry.operation.name;
    for (const auto alias : entry.operation.aliases) EXPECT_TRUE(names.insert(alias).second) << alias;
  }
}

TEST_F(TableTest, HasNamesThatMcpAllows) {
  for (const auto& entry : table_.entries())
    EXPECT_TRUE(std::regex_match(std::string(entry.operation.name), std::regex("[a-z][a-z_]{0,63}")))
        << entry.operation.name;
}

TEST_F(TableTest, HasEveryRouteOnce) {
  std::set<std::string> seen;
  for (const auto& entry : table_.entries())
    for (const auto& route : routes(entry.operation)) EXPECT_TRUE(seen.insert(route).second) << route;
}

TEST_F(TableTest, HasEveryCommandOnce) {
  std::set<std::string_view> verbs;
  for (const auto& entry : table_.entries())
    if (!entry.operation.cli.empty()) EXPECT_TRUE(verbs.insert(entry.operation.cli).second) << entry.operation.cli;
}

TEST_F(TableTest, NamesParametersThatItsInputsHave) {
  for (const auto& entry : table_.entries()) {
    const auto& operation = entry.operation;
    const auto schema = base::json::parse(operation.input_schema);
    const auto* properties = base::json::find(*schema, "properties");
    const auto has = [&](const std::string& name) {
      return properties != nullptr && base::json::find(*properties, name) != nullptr;
    };
    auto paths = operation.more_paths;
    paths.push_back(operation.path);
    for (const auto path : paths) {
      const std::string text(path);
      const std::regex parameter(":([a-z_]+)");
      for (std::sregex_iterator it(text.begin(), text.end(), parameter), end; it != end; ++it)
        EXPECT_TRUE(has((*it)[1])) << operation.name << " " << (*it)[1];
    }
    std::istringstream positional{std::string(operation.cli_positional)};
    for (std::string member; positional >> member;) EXPECT_TRUE(has(member)) << operation.name;
  }
}

TEST_F(TableTest, DescribesEverythingThatAModelSees) {
  for (const auto& entry : table_.entries()) {
    const auto& operation = entry.operation;
    EXPECT_FALSE(operation.title.empty()) << operation.name;
    EXPECT_FALSE(operation.description.empty()) << operation.name;
    const auto schema = base::json::parse(operation.input_schema);
    if (const auto* properties = base::json::find(*schema, "properties"))
      for (const auto& property : properties->GetObject())
        EXPECT_TRUE(base::json::find_string(property.value, "description"))
            << operation.name << "." << base::json::view(property.name);
  }
}

TEST_F(TableTest, CanRunWhatIsNoCall) {
  for (const auto& entry : table_.entries())
    EXPECT_EQ(entry.operation.run == nullptr,
              entry.operation.kind == Kind::kCall || entry.operation.kind == Kind::kCalls)
        << entry.operation.name;
}

TEST_F(TableTest, FindsByNameAndAlias) {
  EXPECT_EQ(table_.find("create_api_key"), table_.find("key_create"));
  EXPECT_NE(table_.find("discover"), nullptr);
  EXPECT_EQ(table_.find("Discover"), nullptr);
  EXPECT_EQ(table_.find(""), nullptr);
}

TEST_F(TableTest, KeepsWhatChangesThingsFromReadOnlyHints) {
  for (const auto& entry : table_.entries()) {
    const auto annotations = base::json::parse(entry.operation.annotations);
    const bool is_read = entry.operation.method == "GET";
    EXPECT_EQ(base::json::find_bool(*annotations, "readOnlyHint"), is_read) << entry.operation.name;
  }
}

}  // namespace
}  // namespace toolrack::operations
