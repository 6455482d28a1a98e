#include "app/doctor.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "environment.hpp"
#include "listening.hpp"
#include "store/data_directory.hpp"
#include "store/lmdb/lmdb_store.hpp"
#include "support/http_client.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

using ::testing::HasSubstr;

struct Check {
  std::string status, detail, remedy;
};

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() {
    std::filesystem::create_directory(directory_.path() / "tools");
    configure("127.0.0.1:0");
  }
  /// Writes the configuration that the reports are about.
  void configure(const std::string& listen, const std::string& rest = "") {
    std::ofstream(directory_.path() / "rack.json")
        << fmt::format(R"({{"listen": "{}", "metrics_listen": "", "data": "{}", "plugins": ["{}"]{}}})", listen,
                       data().string(), (directory_.path() / "tools").string(), rest);
  }
  std::filesystem::path data() const { return directory_.path() / "data"; }

  /// By name; the last one of a name.
  std::map<std::string, Check> report() {
    std::map<std::string, Check> checks;
    const auto json = testing::parsed(doctor_report(
        {.config = (directory_.path() / "rack.json").string(), .url = {}, .key = {}, .data = {}, .plugins = {}},
        credentials_));
    for (const auto& check : base::json::find(json, "checks")->GetArray()) {
      const auto text = [&](std::string_view name) {
        return std::string(base::json::find_string(check, name).value_or(""));
      };
      checks[text("name")] = {text("status"), text("detail"), text("remedy")};
    }
    return checks;
  }

  Environment environment_;
  testing::TempDirectory directory_;
  services::credentials::PlatformCredentials credentials_;
};

TEST_F(DoctorTest, FindsNothingWrongWithAGoodSetUp) {
  const auto checks = report();
  for (const auto* name : {"configuration", "data directory", "store", "listening address", "disk", "plugins",
                           "sandbox: landlock", "sandbox: seccomp", "dns"})
    EXPECT_TRUE(checks.contains(name)) << name;
  for (const auto* name : {"configuration", "data directory", "store", "listening address", "plugins"})
    EXPECT_EQ(checks.at(name).status, "ok") << name << ": " << checks.at(name).detail;
  EXPECT_THAT(checks.at("data directory").detail, HasSubstr("nobody serves it"));
  EXPECT_FALSE(checks.contains("gateway"));
}

/// A gateway may be starting: whoever took its lock, or its store, for a moment could keep it from that.
TEST_F(DoctorTest, LeavesNoTraceInTheDataDirectory) {
  EXPECT_EQ(report().at("store").status, "ok");
  EXPECT_FALSE(std::filesystem::exists(data()));
  {
    const auto owner = store::DataDirectory::acquire(data());
    const auto opened = store::LmdbStore::open(data());
    ASSERT_TRUE(owner && opened);
  }
  const auto all = [&] {
    std::map<std::string, std::filesystem::file_time_type> files{{".", std::filesystem::last_write_time(data())}};
    for (const auto& entry : std::filesystem::directory_iterator(data()))
      files[entry.path().filename()] = entry.last_write_time();
    return files;
  };
  const auto before = all();
  const auto checks = report();
  EXPECT_EQ(checks.at("store").detail, fmt::format("schema version {}", store::LmdbStore::kSchemaVersion));
  EXPECT_EQ(all(), before);
}

TEST_F(DoctorTest, SaysThatTheStoreIsNone) {
  std::filesystem::create_directory(data());
  std::filesystem::permissions(data(), std::filesystem::perms::owner_all);
  std::ofstream(data() / "data.mdb") << std::string(1 << 16, 'x');
  const auto check = report().at("store");
  EXPECT_EQ(check.status, "error");
  EXPECT_THAT(check.remedy, HasSubstr("restore it from a backup"));
}

TEST_F(DoctorTest, SaysWhatIsWrongWithTheConfiguration) {
  configure("127.0.0.1:0", R"(, "threads": "two")");
  const auto checks = report();
  EXPECT_EQ(checks.size(), 1u) << "nothing else can be said without it";
  EXPECT_EQ(checks.at("configuration").status, "error");
  EXPECT_THAT(checks.at("configuration").detail, HasSubstr("rack.json, line 1: /threads"));
}

TEST_F(DoctorTest, SaysThatALocalGatewayWouldBeOpenToTheNetwork) {
  configure("0.0.0.0:0");
  EXPECT_EQ(report().at("configuration").status, "error");
  EXPECT_THAT(report().at("configuration").remedy, HasSubstr("127.0.0.1"));
}

TEST_F(DoctorTest, NamesWhoTookTheListeningAddress) {
  const auto taken = listen_on("127.0.0.1");
  ASSERT_TRUE(taken);
  configure(fmt::format("127.0.0.1:{}", taken->port), fmt::format(R"(, "http": {{"max_body_bytes": 4096}})"));
  const auto check = report().at("listening address");
  EXPECT_EQ(check.status, "error");
  EXPECT_THAT(check.detail, HasSubstr(fmt::format("127.0.0.1:{} is taken by", taken->port)));
  EXPECT_THAT(check.detail, HasSubstr(fmt::format("(process {})", ::getpid())));
  EXPECT_THAT(check.remedy, HasSubstr("--listen"));
}

TEST_F(DoctorTest, TakesTheRacksOwnGatewayForNoStranger) {
  const auto taken = listen_on("127.0.0.1");
  const auto owner = store::DataDirectory::acquire(data());
  ASSERT_TRUE(taken && owner);
  configure(fmt::format("127.0.0.1:{}", taken->port));
  const auto checks = report();
  EXPECT_EQ(checks.at("listening address").status, "ok") << checks.at("listening address").detail;
  EXPECT_THAT(checks.at("listening address").detail, HasSubstr(fmt::format("process {}", ::getpid())));
  EXPECT_THAT(checks.at("data directory").detail, HasSubstr(fmt::format("process {}", ::getpid())));
  EXPECT_EQ(checks.at("gateway").status, "error") << "it owns the directory and does not answer";
}

TEST_F(DoctorTest, SaysThatAnAddressIsNoneOfThisMachine) {
  configure("192.0.2.1:80", R"(, "mode": "hosted", "http": {"behind_proxy": true})");
  EXPECT_EQ(report().at("listening address").status, "error");
}

TEST_F(DoctorTest, SaysThatOthersMayWriteToTheData) {
  std::filesystem::create_directory(data());
  std::filesystem::permissions(data(), std::filesystem::perms::all);
  const auto check = report().at("data directory");
  EXPECT_EQ(check.status, "error");
  EXPECT_THAT(check.remedy, HasSubstr("chmod 0700"));
}

TEST_F(DoctorTest, SaysThatAPluginDirectoryIsMissing) {
  std::filesystem::remove(directory_.path() / "tools");
  const auto check = report().at("plugins");
  EXPECT_EQ(check.status, "warning");
  EXPECT_THAT(check.detail, HasSubstr("tools is no directory"));
}

}  // namespace
}  // namespace toolrack::app
