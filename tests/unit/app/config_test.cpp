/// What a configuration file says, and what is wrong with one.
#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "app/derived_settings.hpp"
#include "environment.hpp"
#include "support/data_file.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() { environment_.set("HOME", "/home/somebody"); }
  Config read(std::string_view text) {
    auto config = read_config(text, "rack.json");
    EXPECT_TRUE(config) << (config ? "" : config.error().message());
    return config.value_or(Config{});
  }
  Environment environment_;
};

TEST_F(ConfigTest, HasADefaultForEverything) {
  for (const auto* text : {"", "{}", "// Nothing but a remark.\n{}"}) {
    const auto config = read(text);
    EXPECT_EQ(config.mode, call::Mode::kLocal);
    EXPECT_EQ(config.listen, (Endpoint{"127.0.0.1", 3141}));
    EXPECT_EQ(config.metrics_listen, (Endpoint{"127.0.0.1", 9464}));
    EXPECT_EQ(config.threads, 0u);
    EXPECT_EQ(config.data, "/home/somebody/.toolrack");
    EXPECT_THAT(config.plugins, ElementsAre());
    EXPECT_THAT(config.owners, ElementsAre("toolrack"));
    EXPECT_EQ(config.log_level, "info");
    EXPECT_EQ(config.log_format, "text");
    EXPECT_THAT(config.allowed_hosts, ElementsAre());
    EXPECT_THAT(config.allowed_origins, ElementsAre());
    EXPECT_EQ(config.max_body_bytes, 4u << 20);
    EXPECT_EQ(config.public_url, "");
    EXPECT_FALSE(config.behind_proxy);
    EXPECT_THAT(config.egress_allow, ElementsAre());
    EXPECT_THAT(config.egress_ports, ElementsAre());
    EXPECT_EQ(config.limits, std::nullopt);
    EXPECT_EQ(config.assets_s3, std::nullopt);
    EXPECT_EQ(config.embeddings, std::nullopt);
    EXPECT_EQ(config.jobs, (call::jobs::JobSettings{.per_account = 100, .keep = std::chrono::hours(168)}));
    EXPECT_TRUE(config.provider_base_urls.empty());
    EXPECT_TRUE(check_config(config));
  }
}

TEST_F(ConfigTest, ReadsEveryField) {
  const auto config = read(R"({
    "$schema": "config.schema.json", /* For editors. */
    "mode": "hosted",
    "listen": "[::1]:8080",
    "metrics_listen": "127.0.0.1:0",
    "threads": 3,
    "data": "~/rack",
    "plugins": ["~/tools", "/opt/tools"],
    "require_signature": false,
    "trusted_keys": ["rNnPbdBN8l2vyA0z7tUY6KUSmO0IVRBpAuTyN0r0bZY="],
    "versions": {"allow_breaking": true, "trial": {"rollback": false, "first_calls": 50, "margin": 0.2}},
    "owners": ["acme", "toolrack"],
    "log": {"level": "warning", "format": "json"},
    "http": {"allowed_hosts": ["rack.example"], "allowed_origins": ["https://app.example", "*"],
             "max_body_bytes": 2048, "public_url": "https://rack.example", "behind_proxy": true},
    "mcp": {"poll_after_ms": 1500},
    "cache": {"max_bytes": 4096},
    "egress": {"allow": ["10.1.0.0/16", "fd00::/8"], "ports": [443, 8443]},
    "limits": {"per_minute": 7, "per_hour": 70, "concurrent": 2},
    "assets": {"s3": {"endpoint": "https://s3.example", "bucket": "files", "region": "eu", "prefix": "a/b/",
                      "bucket_in_host": true, "redirect": true}},
    "knowledge": {"embeddings": {"url": "https://e.example/v1/embeddings", "model": "small", "credential": "openai", "dimensions": 512}},
    "jobs": {"per_account": 3, "keep_hours": 2},
    "stop_delay_ms": 250,
    "providers": {"one": {"base_url": "http://127.0.0.1:1"}, "two": {}}, // Trailing commas do no harm.
  })");
  EXPECT_EQ(config.mode, call::Mode::kHosted);
  EXPECT_EQ(config.listen, (Endpoint{"::1", 8080}));
  EXPECT_EQ(config.metrics_listen, (Endpoint{"127.0.0.1", 0}));
  EXPECT_EQ(config.threads, 3u);
  EXPECT_EQ(config.data, "/home/somebody/rack");
  EXPECT_THAT(config.plugins, ElementsAre("/home/somebody/tools", "/opt/tools"));
  EXPECT_EQ(config.require_signature, false);
  EXPECT_THAT(config.trusted_keys, ElementsAre("rNnPbdBN8l2vyA0z7tUY6KUSmO0IVRBpAuTyN0r0bZY="));
  EXPECT_TRUE(config.allow_breaking_versions);
  EXPECT_EQ(config.trials, (registry::TrialSettings{.rolls_back = false, .first_calls = 50, .margin = 0.2}));
  EXPECT_EQ(config.stop_delay, std::chrono::milliseconds(250));
  EXPECT_THAT(config.owners, ElementsAre("acme", "toolrack"));
  EXPECT_EQ(config.log_level, "warning");
  EXPECT_EQ(config.log_format, "json");
  EXPECT_THAT(config.allowed_hosts, ElementsAre("rack.example"));
  EXPECT_THAT(config.allowed_origins, ElementsAre("https://app.example", "*"));
  EXPECT_EQ(config.max_body_bytes, 2048u);
  EXPECT_EQ(config.mcp.poll_after, std::chrono::milliseconds(1500));
  EXPECT_EQ(config.public_url, "https://rack.example");
  EXPECT_TRUE(config.behind_proxy);
  EXPECT_EQ(config.cache_max_bytes, 4096u);
  EXPECT_THAT(config.egress_allow, ElementsAre("10.1.0.0/16", "fd00::/8"));
  EXPECT_THAT(config.egress_ports, ElementsAre(443, 8443));
  EXPECT_EQ(config.limits, (accounts::LimitSettings{.per_minute = 7, .per_hour = 70, .concurrent = 2}));
  EXPECT_EQ(config.assets_s3, (services::assets::s3::S3Settings{.endpoint = "https://s3.example",
                                                                .bucket = "files",
                                                                .region = "eu",
                                                                .prefix = "a/b/",
                                                                .is_bucket_in_host = true,
                                                                .redirects = true}));
  EXPECT_EQ(
      config.embeddings,
      (services::knowledge::EmbeddingSettings{
          .url = "https://e.example/v1/embeddings", .model = "small", .credential = "openai", .dimensions = 512}));
  EXPECT_EQ(config.jobs, (call::jobs::JobSettings{.per_account = 3, .keep = std::chrono::hours(2)}));
  EXPECT_THAT(config.provider_base_urls, ElementsAre(Pair("one", "http://127.0.0.1:1")));
}

TEST_F(ConfigTest, KeepsTheDefaultsOfWhatASectionLeavesOut) {
  EXPECT_EQ(read(R"({"limits": {"per_minute": 7}})").limits,
            (accounts::LimitSettings{.per_minute = 7, .per_hour = 1'000, .concurrent = 5}));
  EXPECT_EQ(read(R"({"log": {"level": "error"}})").log_format, "text");
  EXPECT_EQ(read(R"({"metrics_listen": ""})").metrics_listen, std::nullopt);
}

/// Each row: a file that is wrong, where the error must say it is, and words that help. Rows without `line` are the
/// controls: the same thing done right.
TEST_F(ConfigTest, SaysWhereAFileIsWrongAndWhatIsExpected) {
  std::size_t controls = 0;
  for (const auto& row : testing::data_file("config_errors.json").GetArray()) {
    SCOPED_TRACE(testing::case_name(row));
    std::string text;
    for (const auto& line : base::json::find(row, "file")->GetArray()) text.append(base::json::view(line)).append("\n");
    const auto config = read_config(text, "rack.json");
    const auto line = base::json::find_int(row, "line");
    if (!line) {
      ++controls;
      EXPECT_TRUE(config) << config.error().message();
      continue;
    }
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code(), base::ErrorCode::kInvalidConfig);
    const std::string message(config.error().message());
    EXPECT_THAT(message, StartsWith("rack.json"));
    EXPECT_THAT(message, HasSubstr("line " + std::to_string(*line) +
                                   (message.find(", column") != std::string::npos ? "," : ":")));
    for (const auto& words : base::json::find(row, "says")->GetArray())
      EXPECT_THAT(message, HasSubstr(std::string(base::json::view(words))));
  }
  EXPECT_GE(controls, 3u);
}

TEST_F(ConfigTest, ReadsTheFileItIsGiven) {
  const testing::TempDirectory directory;
  const auto file = directory.path() / "mine.json";
  std::ofstream(file) << "{\"threads\": 5}";
  EXPECT_EQ(load_config(file)->threads, 5u);
  std::ofstream(file) << "{\n\"threads\": \"many\"}";
  const auto wrong = load_config(file);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(std::string(wrong.error().message()), StartsWith(file.string() + ", line 2: /threads: "));
  const auto missing = load_config(directory.path() / "none.json");
  ASSERT_FALSE(missing);
  EXPECT_THAT(std::string(missing.error().message()), HasSubstr("none.json cannot be read"));
}

TEST(ParseEndpoint, ReadsAddressesAndPorts) {
  EXPECT_EQ(*parse_endpoint("127.0.0.1:3141"), (Endpoint{"127.0.0.1", 3141}));
  EXPECT_EQ(*parse_endpoint("0.0.0.0:0"), (Endpoint{"0.0.0.0", 0}));
  EXPECT_EQ(*parse_endpoint("[::1]:65535"), (Endpoint{"::1", 65535}));
  EXPECT_EQ(*parse_endpoint("localhost:80"), (Endpoint{"127.0.0.1", 80}));
  EXPECT_EQ(*parse_endpoint(":8080"), (Endpoint{"127.0.0.1", 8080}));
  EXPECT_EQ(*parse_endpoint("8080"), (Endpoint{"127.0.0.1", 8080}));
}

TEST(ParseEndpoint, RefusesWhatIsNone) {
  for (const auto* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x",
                           "::1:80", "[::1:80", "::1]:80", "127.0.0.1: 80"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().code(), base::ErrorCode::kInvalidConfig);
    EXPECT_THAT(std::string(endpoint.error().hint()), HasSubstr("127.0.0.1:3141"));
  }
}

TEST(CheckConfig, LetsALocalGatewayListenOnLoopbackOnly) {
  Config config;
  for (const auto* address : {"127.0.0.1", "127.9.9.9", "::1"}) {
    config.listen.address = address;
    EXPECT_TRUE(check_config(config)) << address;
  }
  for (const auto* address : {"0.0.0.0", "::", "192.168.1.2"}) {
    config.listen.address = address;
    const auto checked = check_config(config);
    ASSERT_FALSE(checked) << address;
    EXPECT_THAT(std::string(checked.error().message()), HasSubstr(address));
    EXPECT_THAT(std::string(checked.error().hint()), HasSubstr("hosted"));
  }
}

TEST(CheckConfig, JudgesAGivenSocketByWhatItIsBoundTo) {
  Config config;
  EXPECT_TRUE(check_given_socket(config, {"127.0.0.1", 8080}));
  EXPECT_TRUE(check_given_socket(config, {"::1", 8080}));
  const auto open = check_given_socket(config, {"0.0.0.0", 8080});
  ASSERT_FALSE(open) << "although the configured address is loopback";
  EXPECT_THAT(std::string(open.error().message()), HasSubstr("http://0.0.0.0:8080"));
  EXPECT_THAT(std::string(open.error().hint()), HasSubstr("ListenStream=127.0.0.1:8080"));
  config.mode = call::Mode::kHosted;
  const auto plain = check_given_socket(config, {"::", 8080});
  ASSERT_FALSE(plain);
  EXPECT_THAT(std::string(plain.error().message()), HasSubstr("http://[::]:8080"));
  EXPECT_THAT(std::string(plain.error().hint()), HasSubstr("http.behind_proxy"));
  config.behind_proxy = true;
  EXPECT_TRUE(check_given_socket(config, {"::", 8080}));
}

TEST_F(ConfigTest, SaysHowPluginsRunThatAreDroppedIn) {
  using sources::isolated::Isolation;
  const auto dropped = [&](std::string_view text) { return isolation_of(read(text)).of("acme/weather", false); };
  EXPECT_EQ(dropped("{}"), Isolation::kInProcess);
  EXPECT_EQ(dropped(R"({"mode": "hosted"})"), Isolation::kWorker);
  EXPECT_EQ(dropped(R"({"mode": "hosted", "isolation": {"default": "in_process"}})"), Isolation::kInProcess);
  EXPECT_EQ(dropped(R"({"isolation": {"default": "worker"}})"), Isolation::kWorker);
  EXPECT_EQ(dropped(R"({"isolation": {"default": "worker_per_vendor"}})"), Isolation::kWorkerPerVendor);
  EXPECT_EQ(dropped(R"({"isolation": {"plugins": {"acme/weather": "worker_per_vendor"}}})"),
            Isolation::kWorkerPerVendor);
  EXPECT_FALSE(read_config(R"({"isolation": {"default": "worker_per_tool"}})", "rack.json"));
  EXPECT_EQ(dropped(R"({"mode": "hosted", "isolation": {"plugins": {"acme/weather": "in_process"}}})"),
            Isolation::kInProcess);
  EXPECT_EQ(isolation_of(read(R"({"mode": "hosted"})")).of("toolrack/seo", true), Isolation::kInProcess);
  EXPECT_THAT(read(R"({"isolation": {"libraries": ["/opt/acme/lib"]}})").isolation.libraries,
              ElementsAre("/opt/acme/lib"));
  EXPECT_FALSE(read_config(R"({"isolation": {"libraries": ["lib"]}})", "rack.json")) << "a folder of where?";
}

TEST(CheckConfig, WantsAProxyBeforeAHostedGatewayThatIsNotOnLoopback) {
  Config config;
  config.mode = call::Mode::kHosted;
  EXPECT_TRUE(check_config(config));
  config.listen.address = "0.0.0.0";
  const auto checked = check_config(config);
  ASSERT_FALSE(checked);
  EXPECT_THAT(std::string(checked.error().hint()), HasSubstr("http.behind_proxy"));
  config.behind_proxy = true;
  EXPECT_TRUE(check_config(config));
}

}  // namespace
}  // namespace toolrack::app
