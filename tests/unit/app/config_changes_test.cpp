#include "app/config_changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "base/json.hpp"

namespace toolrack::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace json = base::json;

/// Other in every field.
Config other() {
  Config config;
  config.mode = call::Mode::kHosted;
  config.listen.port = 1;
  config.metrics_listen.reset();
  config.threads = 3;
  config.data = "/other";
  config.plugins = {"/other"};
  config.require_signature = true;
  config.trusted_keys = {"other"};
  config.allow_breaking_versions = true;
  config.trials.first_calls = 7;
  config.stop_delay = std::chrono::seconds(5);
  config.owners = {"other"};
  config.log_level = "error";
  config.log_format = "json";
  config.allowed_hosts = {"other"};
  config.allowed_origins = {"https://other"};
  config.max_body_bytes = 5'000;
  config.public_url = "https://other";
  config.behind_proxy = true;
  config.cache_max_bytes = 0;
  config.egress_allow = {"10.0.0.0/8"};
  config.egress_ports = {443};
  config.limits = accounts::LimitSettings{.per_minute = 1};
  config.jobs.per_account = 1;
  config.assets_s3.emplace().bucket = "other";
  config.embeddings.emplace().model = "other";
  config.telemetry.endpoint = "http://other";
  config.provider_base_urls = {{"one", "http://127.0.0.1"}};
  return config;
}

TEST(ConfigChanges, AreNoneBetweenEqualConfigurations) {
  EXPECT_THAT(compare(Config{}, Config{}).live, IsEmpty());
  EXPECT_THAT(compare(other(), other()).restart, IsEmpty());
  EXPECT_EQ(join({}), "nothing");
}

TEST(ConfigChanges, NameEveryFieldThatDiffers) {
  const auto changes = compare(Config{}, other());
  EXPECT_THAT(
      changes.live,
      ElementsAre("require_signature", "trusted_keys", "versions.trial", "stop_delay_ms", "owners", "log.level",
                  "log.format", "http.allowed_hosts", "http.allowed_origins", "http.max_body_bytes", "http.public_url",
                  "http.behind_proxy", "egress.allow", "egress.ports", "limits", "jobs", "telemetry", "providers"));
  EXPECT_THAT(changes.restart,
              ElementsAre("mode", "listen", "metrics_listen", "threads", "data", "plugins", "versions.allow_breaking",
                          "cache.max_bytes", "assets.s3", "knowledge.embeddings"));
  EXPECT_EQ(join(changes.restart),
            "mode, listen, metrics_listen, threads, data, plugins, "
            "versions.allow_breaking, cache.max_bytes, "
            "assets.s3, knowledge.embeddings");
  EXPECT_TRUE(changes.has("limits"));
  EXPECT_FALSE(compare(Config{}, Config{}).has("limits"));
}

TEST(ConfigChanges, TakeOverTheLiveFieldsAlone) {
  const auto merged = with_live_fields(Config{}, other());
  EXPECT_THAT(compare(merged, other()).live, IsEmpty());
  EXPECT_THAT(compare(Config{}, merged).restart, IsEmpty());
  EXPECT_THAT(compare(merged, other()).restart,
              ElementsAre("mode", "listen", "metrics_listen", "threads", "data", "plugins", "versions.allow_breaking",
                          "cache.max_bytes", "assets.s3", "knowledge.embeddings"))
      << "and are told again until the gateway is restarted";
}

/// A field that the schema gets must get its line here too.
TEST(ConfigChanges, KnowEveryFieldOfTheSchema) {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/host/app/config.schema.json");
  const auto schema = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_TRUE(schema);
  std::set<std::string, std::less<>> known;
  for (const auto& field : config_fields()) known.emplace(field.name);
  std::set<std::string> seen;
  for (const auto& member : json::find(*schema, "properties")->GetObject()) {
    const std::string name(json::view(member.name));
    if (name == "$schema") continue;
    const auto* inner = json::find(member.value, "properties");
    if (known.contains(name) || inner == nullptr) {
      EXPECT_TRUE(known.contains(name)) << name;
      seen.insert(name);
      continue;
    }
    for (const auto& one : inner->GetObject()) {
      const auto path = name + "." + std::string(json::view(one.name));
      EXPECT_TRUE(known.contains(path)) << path;
      seen.insert(path);
    }
  }
  EXPECT_EQ(seen.size(), known.size());
}

}  // namespace
}  // namespace toolrack::app
