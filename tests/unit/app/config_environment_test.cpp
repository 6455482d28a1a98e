/// What TOOLRACK_* variables and the command line change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "app/backstage.hpp"
#include "app/config.hpp"
#include "environment.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class ConfigEnvironmentTest : public ::testing::Test {
 protected:
  ConfigEnvironmentTest() { environment_.set("HOME", "/home/somebody"); }
  Environment environment_;
};

TEST_F(ConfigEnvironmentTest, WinsOverTheFile) {
  environment_.set("TOOLRACK_MODE", "hosted");
  environment_.set("TOOLRACK_LISTEN", "127.0.0.1:1");
  environment_.set("TOOLRACK_METRICS_LISTEN", "127.0.0.1:2");
  environment_.set("TOOLRACK_THREADS", "7");
  environment_.set("TOOLRACK_DATA", "~/env");
  environment_.set("TOOLRACK_PLUGINS", "/one::~/two:");
  environment_.set("TOOLRACK_REQUIRE_SIGNATURE", "false");
  environment_.set("TOOLRACK_LOG_LEVEL", "error");
  environment_.set("TOOLRACK_LOG_FORMAT", "json");
  const auto config =
      read_config(R"({"mode": "local", "listen": "127.0.0.1:9", "metrics_listen": "", "threads": 9, "data": "/file",
    "plugins": ["/file"], "log": {"level": "debug", "format": "text"}, "owners": ["acme"], "require_signature": true})",
                  "rack.json");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->mode, call::Mode::kHosted);
  EXPECT_EQ(config->listen.port, 1);
  EXPECT_EQ(config->metrics_listen, (Endpoint{"127.0.0.1", 2}));
  EXPECT_EQ(config->threads, 7u);
  EXPECT_EQ(config->data, "/home/somebody/env");
  EXPECT_THAT(config->plugins, ElementsAre("/one", "/home/somebody/two"));
  EXPECT_EQ(config->require_signature, false);
  EXPECT_EQ(config->log_level, "error");
  EXPECT_EQ(config->log_format, "json");
  EXPECT_THAT(config->owners, ElementsAre("acme")) << "what no variable says comes from the file";
}

TEST_F(ConfigEnvironmentTest, IsNothingWhenItIsEmptyButForTheMetrics) {
  for (const auto* name :
       {"TOOLRACK_MODE", "TOOLRACK_LISTEN", "TOOLRACK_METRICS_LISTEN", "TOOLRACK_THREADS", "TOOLRACK_DATA",
        "TOOLRACK_PLUGINS", "TOOLRACK_REQUIRE_SIGNATURE", "TOOLRACK_LOG_LEVEL", "TOOLRACK_LOG_FORMAT"})
    environment_.set(name, "");
  const auto config = read_config(R"({"threads": 9, "log": {"level": "debug"}})", "rack.json");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->threads, 9u);
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->listen.port, 3141);
  EXPECT_EQ(config->metrics_listen, std::nullopt);
  EXPECT_EQ(config->require_signature, std::nullopt);
}

TEST_F(ConfigEnvironmentTest, IsRefusedWithTheVariablesNameAndWhatIsExpected) {
  const struct {
    const char *name, *value, *expected;
  } rows[] = {
      {"TOOLRACK_MODE", "both", "local or hosted"},
      {"TOOLRACK_LISTEN", "here", "ADDRESS:PORT"},
      {"TOOLRACK_METRICS_LISTEN", "there", "ADDRESS:PORT, or empty"},
      {"TOOLRACK_THREADS", "0", "1 to 256"},
      {"TOOLRACK_THREADS", "257", "1 to 256"},
      {"TOOLRACK_THREADS", "4x", "1 to 256"},
      {"TOOLRACK_REQUIRE_SIGNATURE", "yes", "true or false"},
      {"TOOLRACK_LOG_LEVEL", "loud", "debug, info, notice, warning or error"},
      {"TOOLRACK_LOG_FORMAT", "xml", "text or json"},
  };
  for (const auto& row : rows) {
    Environment environment;
    environment.set(row.name, row.value);
    const auto config = read_config("", "");
    ASSERT_FALSE(config) << row.name << "=" << row.value;
    EXPECT_EQ(config.error().code(), base::ErrorCode::kInvalidConfig);
    const std::string message(config.error().message());
    EXPECT_THAT(message, HasSubstr(row.name));
    EXPECT_THAT(message, HasSubstr(row.value));
    EXPECT_THAT(message, HasSubstr(row.expected));
  }
}

TEST_F(ConfigEnvironmentTest, OpenTelemetrysVariablesWinOverTheFile) {
  environment_.set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/base/");
  environment_.set("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://other/m");
  environment_.set("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b , x=1");
  environment_.set("OTEL_EXPORTER_OTLP_TIMEOUT", "2500");
  environment_.set("OTEL_BSP_SCHEDULE_DELAY", "100");
  environment_.set("OTEL_METRIC_EXPORT_INTERVAL", "200");
  environment_.set("OTEL_SERVICE_NAME", "by-name");
  environment_.set("OTEL_RESOURCE_ATTRIBUTES", "service.name=by-list,deployment.environment.name=prod");
  environment_.set("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
  environment_.set("OTEL_TRACES_SAMPLER_ARG", "0.25");
  const auto config =
      read_config(R"({"telemetry": {"endpoint": "http://file:1", "service_name": "file", "sampler": "always_on",
    "resource": {"deployment.environment.name": "test", "a": "b"}, "tell_providers": true, "call_content_bytes": 2048}})",
                  "rack.json");
  ASSERT_TRUE(config) << config.error().message();
  const auto settings = config->telemetry.settings();
  EXPECT_EQ(settings.traces_url, "http://collector:4318/base/v1/traces");
  EXPECT_EQ(settings.metrics_url, "https://other/m");
  EXPECT_THAT(settings.headers, ElementsAre(Pair("api-key", "a b"), Pair("x", "1")));
  EXPECT_EQ(settings.call_content_bytes, 2048u);
  EXPECT_EQ(settings.timeout.count(), 2500);
  EXPECT_EQ(settings.traces_every.count(), 100);
  EXPECT_EQ(settings.metrics_every.count(), 200);
  EXPECT_EQ(settings.service_name, "by-name");
  EXPECT_THAT(settings.resource, ElementsAre(Pair("a", "b"), Pair("service.name", "by-list"),
                                             Pair("deployment.environment.name", "prod")));
  EXPECT_EQ(settings.sampling.root, services::telemetry::Sampling::Root::kRatio);
  EXPECT_EQ(settings.sampling.ratio, 0.25);
  EXPECT_TRUE(settings.sampling.follows_callers);
  EXPECT_TRUE(settings.tells_providers);
  EXPECT_THAT(config->telemetry.ignored, ElementsAre());
}

TEST_F(ConfigEnvironmentTest, OfOpenTelemetrysVariablesWhatCannotBeDoneIsIgnoredAndNamed) {
  const std::pair<const char*, const char*> rows[] = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"},
                                                      {"OTEL_EXPORTER_OTLP_HEADERS", "no pair"},
                                                      {"OTEL_EXPORTER_OTLP_HEADERS", "a=%0d%0ab"},
                                                      {"OTEL_EXPORTER_OTLP_TIMEOUT", "-1"},
                                                      {"OTEL_METRIC_EXPORT_INTERVAL", "soon"},
                                                      {"OTEL_RESOURCE_ATTRIBUTES", "a=b,c"},
                                                      {"OTEL_TRACES_SAMPLER", "jaeger_remote"},
                                                      {"OTEL_TRACES_EXPORTER", "zipkin"},
                                                      {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}};
  for (const auto& [name, value] : rows) {
    Environment environment;
    environment.set(name, value);
    const auto config = read_config("", "");
    ASSERT_TRUE(config) << name;
    EXPECT_THAT(config->telemetry.ignored, ElementsAre(HasSubstr(name))) << value;
    auto telemetry = config->telemetry;
    telemetry.ignored.clear();
    EXPECT_EQ(telemetry, TelemetryConfig{}) << name;
  }
  environment_.set("OTEL_TRACES_SAMPLER", "traceidratio");
  environment_.set("OTEL_TRACES_SAMPLER_ARG", "7");
  EXPECT_THAT(read_config("", "")->telemetry.ignored, ElementsAre(HasSubstr("OTEL_TRACES_SAMPLER_ARG")));
}

TEST_F(ConfigEnvironmentTest, OpenTelemetryIsSwitchedOffByItsVariables) {
  const auto urls = [] {
    const auto settings =
        read_config(R"({"telemetry": {"endpoint": "http://file:1"}})", "rack.json")->telemetry.settings();
    return settings.traces_url + " " + settings.metrics_url;
  };
  EXPECT_EQ(urls(), "http://file:1/v1/traces http://file:1/v1/metrics");
  environment_.set("OTEL_TRACES_EXPORTER", "none");
  EXPECT_EQ(urls(), " http://file:1/v1/metrics");
  environment_.set("OTEL_SDK_DISABLED", "TRUE");
  EXPECT_EQ(urls(), " ");
}

TEST_F(ConfigEnvironmentTest, NamesTheFile) {
  const testing::TempDirectory directory;
  const auto by_variable = directory.path() / "variable.json", by_hand = directory.path() / "hand.json";
  std::ofstream(by_variable) << R"({"threads": 5})";
  std::ofstream(by_hand) << R"({"threads": 6})";
  environment_.set("TOOLRACK_CONFIG", by_variable.string());
  EXPECT_EQ(load_config("")->threads, 5u);
  EXPECT_EQ(load_config(by_hand)->threads, 6u) << "the command line wins";
}

TEST_F(ConfigEnvironmentTest, LosesAgainstTheCommandLine) {
  environment_.set("TOOLRACK_DATA", "/env");
  environment_.set("TOOLRACK_PLUGINS", "/env/tools");
  EXPECT_EQ(configure({})->data, "/env");
  const auto config = configure({.config = {}, .url = {}, .key = {}, .data = "/line", .plugins = {"/line/tools"}});
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->data, "/line");
  EXPECT_THAT(config->plugins, ElementsAre("/line/tools"));
}

TEST_F(ConfigEnvironmentTest, WithoutAHomeWantsADataDirectory) {
  environment_.unset("HOME");
  const auto config = configure({});
  ASSERT_FALSE(config);
  EXPECT_THAT(std::string(config.error().hint()), HasSubstr("--data"));
  environment_.set("TOOLRACK_DATA", "/env");
  EXPECT_TRUE(configure({}));
}

}  // namespace
}  // namespace toolrack::app
