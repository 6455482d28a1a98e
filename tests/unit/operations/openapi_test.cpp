#include "operations/openapi.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

namespace json = base::json;

std::string braced(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != ':') {
      out += path[i];
      continue;
    }
    out += '{';
    while (i + 1 < path.size() && path[i + 1] != '/') out += path[++i];
    out += '}';
  }
  return out;
}

class OpenApiTest : public ::testing::Test {
 protected:
  const Table table_;
  const json::Document document_ = *json::parse(openapi_document(table_, "1.2.3"));
};

TEST_F(OpenApiTest, IsAnOpenApiDocumentOfThisVersion) {
  EXPECT_EQ(json::find_string(document_, "openapi"), "3.1.0");
  EXPECT_EQ(json::view(*json::at(document_, "/info/version")), "1.2.3");
}

TEST_F(OpenApiTest, ListsEveryRouteAndNoOther) {
  std::set<std::string> expected, listed;
  for (const auto& entry : table_.entries()) {
    auto paths = entry.operation.more_paths;
    if (!entry.operation.path.empty()) paths.push_back(entry.operation.path);
    for (const auto path : paths) expected.insert(std::string(entry.operation.method) + " " + braced(path));
  }
  for (const auto& path : json::find(document_, "paths")->GetObject())
    for (const auto& method : path.value.GetObject()) {
      std::string name(json::view(method.name));
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      listed.insert(name + " " + std::string(json::view(path.name)));
    }
  EXPECT_EQ(listed, expected);
}

TEST_F(OpenApiTest, DeclaresEveryParameterOfAPath) {
  for (const auto& path : json::find(document_, "paths")->GetObject()) {
    const std::string text(json::view(path.name));
    for (const auto& method : path.value.GetObject()) {
      std::set<std::string> declared;
      if (const auto* parameters = json::find(method.value, "parameters"))
        for (const auto& parameter : parameters->GetArray())
          if (json::find_string(parameter, "in") == "path") {
            declared.insert("{" + std::string(*json::find_string(parameter, "name")) + "}");
            EXPECT_EQ(json::find_bool(parameter, "required"), true);
          }
      std::set<std::string> used;
      for (auto from = text.find('{'); from != std::string::npos; from = text.find('{', from + 1))
        used.insert(text.substr(from, text.find('}', from) - from + 1));
      EXPECT_EQ(declared, used) << text;
    }
  }
}

TEST_F(OpenApiTest, GivesBodiesTheirSchemaAndOpenRoutesNoKey) {
  const auto* call = json::at(document_, "/paths/~1v1~1tools~1call/post");
  ASSERT_NE(call, nullptr);
  EXPECT_NE(json::at(*call, "/requestBody/content/application~1json/schema/properties/tool"), nullptr);
  EXPECT_EQ(json::find(*call, "security"), nullptr) << "the document's own applies";
  EXPECT_EQ(json::at(document_, "/paths/~1health/get/security")->Size(), 0u);
  EXPECT_NE(json::at(document_, "/paths/~1v1~1keys/post/responses/201"), nullptr);
  EXPECT_NE(json::at(document_, "/paths/~1v1~1tools~1call/post/responses/202"), nullptr);
}

TEST_F(OpenApiTest, NamesEveryOperationOncePerRoute) {
  for (const auto& path : json::find(document_, "paths")->GetObject())
    for (const auto& method : path.value.GetObject())
      EXPECT_NE(table_.find(*json::find_string(method.value, "operationId")), nullptr);
}

TEST(Reference, HasASectionForEveryOperationAndARowForEveryError) {
  const Table table;
  const auto operations = api_markdown(table);
  for (const auto& entry : table.entries())
    EXPECT_NE(operations.find("\n## " + std::string(entry.operation.name) + "\n"), std::string::npos)
        << entry.operation.name;
  const auto errors = errors_markdown();
  for (const auto& row : base::all_errors())
    EXPECT_NE(errors.find("\n| `" + std::string(row.name) + "` |"), std::string::npos) << row.name;
  EXPECT_EQ(errors.find("TR_UNKNOWN"), std::string::npos) << "every status a plugin sees has a name";
}

}  // namespace
}  // namespace toolrack::operations
