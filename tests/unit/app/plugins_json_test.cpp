#include "app/plugins_json.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/http_client.hpp"

namespace toolrack::app {
namespace {

using sources::native::PluginFile;
using sources::native::PluginState;

TEST(PluginsJson, IsAnEmptyArrayForNone) { EXPECT_EQ(plugins_json({}), "[]"); }

TEST(PluginsJson, ShowsAPluginThatServes) {
  const std::vector<PluginFile> files{{.path = "/p/echo.so",
                                       .state = PluginState::kServing,
                                       .tool = "toolrack/echo",
                                       .version = "1.2.3",
                                       .build_id = "abc",
                                       .size = 4096,
                                       .loaded_at = 1'700'000'000'000'000'000,
                                       .calls = 5,
                                       .misuses = 1,
                                       .demoted_skills = {"slow", "slower"},
                                       .bundled = true}};
  const auto json = testing::parsed(plugins_json(files));
  EXPECT_EQ(testing::at(json, "/0"),
            R"({"path":"/p/echo.so","state":"serving","tool":"toolrack/echo","version":"1.2.3","build_id":"abc",)"
            R"("bundled":true,"size":4096,"calls":5,"misuses":1,"loaded_at":"2023-11-14T22:13:20.000Z",)"
            R"("demoted_skills":["slow","slower"]})");
}

TEST(PluginsJson, SaysWhatIsWrongWithAListOfSkills) {
  const std::vector<PluginFile> files{
      {.path = "/p/a.so", .state = PluginState::kServing, .listed_skills = 3, .list_problem = "at /items/0: no name"}};
  const auto json = testing::parsed(plugins_json(files));
  EXPECT_EQ(testing::at(json, "/0/listed_skills"), "3");
  EXPECT_EQ(testing::at(json, "/0/list_problem"), "at /items/0: no name");
}

TEST(PluginsJson, SaysWhyAFileDoesNotServe) {
  const std::vector<PluginFile> files{
      {.path = "/p/a.so", .state = PluginState::kDuplicate, .message = "the same build"},
      {.path = "/p/\"b\".so",
       .state = PluginState::kFailed,
       .code = "E_TRUNCATED",
       .message = "ends early",
       .remedy = "copy it again"}};
  const auto json = testing::parsed(plugins_json(files));
  EXPECT_EQ(testing::at(json, "/0/state"), "duplicate");
  EXPECT_EQ(testing::at(json, "/0/code"), "(absent)");
  EXPECT_EQ(testing::at(json, "/0/tool"), "(absent)");
  EXPECT_EQ(testing::at(json, "/0/loaded_at"), "null");
  EXPECT_EQ(testing::at(json, "/1/path"), "/p/\"b\".so");
  EXPECT_EQ(testing::at(json, "/1/code"), "E_TRUNCATED");
  EXPECT_EQ(testing::at(json, "/1/message"), "ends early");
  EXPECT_EQ(testing::at(json, "/1/remedy"), "copy it again");
}

TEST(PluginsJson, ShowsAPluginInAProcessOfItsOwn) {
  const std::vector<PluginFile> files{
      {.path = "/p/a.so",
       .state = PluginState::kServing,
       .isolation = "worker",
       .worker =
           sources::native::WorkerReport{
               .process = 4711, .deaths = 2, .sandbox = "seccomp", .missing = "landlock: no"}},
      {.path = "/p/b.so", .state = PluginState::kServing, .isolation = "in_process"}};
  const auto json = testing::parsed(plugins_json(files));
  EXPECT_EQ(testing::at(json, "/0/isolation"), "worker");
  EXPECT_EQ(testing::at(json, "/0/worker/process"), "4711");
  EXPECT_EQ(testing::at(json, "/0/worker/deaths"), "2");
  EXPECT_EQ(testing::at(json, "/0/worker/sandbox"), "seccomp");
  EXPECT_EQ(testing::at(json, "/0/worker/missing"), "landlock: no");
  EXPECT_EQ(testing::at(json, "/1/isolation"), "in_process");
  EXPECT_EQ(testing::at(json, "/1/worker"), "(absent)");
}

TEST(PluginsJson, ShowsWhoSharesAProcess) {
  const std::vector<PluginFile> files{
      {.path = "/p/a.so",
       .isolation = "worker_per_vendor",
       .worker = sources::native::WorkerReport{.process = 4711, .shared = "acme/*", .plugins = {"acme/a", "acme/b"}}}};
  const auto json = testing::parsed(plugins_json(files));
  EXPECT_EQ(testing::at(json, "/0/isolation"), "worker_per_vendor");
  EXPECT_EQ(testing::at(json, "/0/worker/shared"), "acme/*");
  EXPECT_EQ(testing::at(json, "/0/worker/plugins/1"), "acme/b");
}

TEST(WorkersJson, CountsAProcessOnceThatPluginsShare) {
  const sources::native::WorkerReport shared{.process = 4711, .shared = "acme/*", .plugins = {"acme/a", "acme/b"}};
  const std::vector<PluginFile> files{
      {.path = "/p/a.so", .tool = "acme/a", .worker = shared},
      {.path = "/p/b.so", .tool = "acme/b", .worker = shared},
      {.path = "/p/c.so", .tool = "test/c", .worker = sources::native::WorkerReport{.process = 4712}},
      {.path = "/p/d.so", .tool = "acme/d", .worker = sources::native::WorkerReport{.shared = "acme/*"}}};
  EXPECT_EQ(workers_json(files), R"({"running":2,"ended":0,"down":[],"shared":[["acme/a","acme/b"]]})");
}

TEST(WorkersJson, NamesToolsThatAreDownAndNoProcess) {
  const std::vector<PluginFile> files{
      {.path = "/p/a.so",
       .tool = "test/a",
       .worker = sources::native::WorkerReport{.process = 4711, .sandbox = "seccomp"}},
      {.path = "/p/b.so", .tool = "test/b", .worker = sources::native::WorkerReport{.deaths = 5, .trouble = "SIGSEGV"}},
      {.path = "/p/c.so", .tool = "test/c"}};
  EXPECT_EQ(workers_json(files), R"({"running":1,"ended":5,"down":["test/b"],"sandbox":"seccomp"})");
}

}  // namespace
}  // namespace toolrack::app
