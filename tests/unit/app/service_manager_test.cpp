#include "app/service_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "support/temp_directory.hpp"
#include "transports/net/unique_fd.hpp"
#include "unit/app/environment.hpp"

namespace toolrack::app {
namespace {

using std::chrono::microseconds;
using ::testing::MatchesRegex;

/// What a service manager hears.
class ServiceManager : public ::testing::Test {
 protected:
  void SetUp() override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path_.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path_.data(), path_.size());
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  std::string hear() {
    char block[256];
    const auto size = ::recv(socket_.get(), block, sizeof block, 0);
    return size < 0 ? "nothing" : std::string(block, static_cast<std::size_t>(size));
  }
  bool is_silent() {
    char block[1];
    return ::recv(socket_.get(), block, sizeof block, MSG_DONTWAIT) < 0;
  }

  Environment environment_;
  testing::TempDirectory place_;
  const std::string path_ = (place_.path() / "notify").string();
  net::UniqueFd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(ServiceManager, HearsWhatItIsTold) {
  environment_.set("NOTIFY_SOCKET", path_);
  tell_service_manager("READY=1");
  EXPECT_EQ(hear(), "READY=1");
  tell_reloading();
  EXPECT_THAT(hear(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
}

TEST_F(ServiceManager, IsToldNothingWhereThereIsNone) {
  tell_service_manager("READY=1");
  environment_.set("NOTIFY_SOCKET", "relative");
  tell_service_manager("READY=1");
  EXPECT_TRUE(is_silent());
}

TEST_F(ServiceManager, SaysHowOftenItWantsToHearThatWeLive) {
  EXPECT_FALSE(watchdog_interval());
  environment_.set("WATCHDOG_USEC", "30000000");
  EXPECT_FALSE(watchdog_interval()) << "nobody listens";
  environment_.set("NOTIFY_SOCKET", path_);
  EXPECT_EQ(watchdog_interval(), microseconds(30'000'000));
  environment_.set("WATCHDOG_PID", std::to_string(::getpid()));
  EXPECT_EQ(watchdog_interval(), microseconds(30'000'000));
  environment_.set("WATCHDOG_PID", "1");
  EXPECT_FALSE(watchdog_interval());
}

TEST_F(ServiceManager, HearsThatWeLiveAsLongAsWeDo) {
  environment_.set("NOTIFY_SOCKET", path_);
  {
    const Heartbeat heartbeat(microseconds(2'000), [](auto) { return true; });
    for (int i = 0; i < 3; ++i) EXPECT_EQ(hear(), "WATCHDOG=1");
  }
  while (!is_silent()) {
  }
  std::atomic<int> asked{0};
  {
    const Heartbeat silent(microseconds(2'000), [&](std::chrono::milliseconds patience) {
      EXPECT_EQ(patience, std::chrono::milliseconds(1));
      ++asked;
      return false;
    });
    while (asked < 3) std::this_thread::yield();
  }
  EXPECT_TRUE(is_silent());
}

}  // namespace
}  // namespace toolrack::app
