#include "app/port_holder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "listening.hpp"

namespace toolrack::app {
namespace {

TEST(PortHolder, IsTheProcessThatListens) {
  for (const auto* address : {"127.0.0.1", "::1"}) {
    const auto socket = listen_on(address);
    ASSERT_TRUE(socket) << socket.error().message();
    const auto holder = port_holder(socket->port);
    ASSERT_TRUE(holder) << address;
    EXPECT_EQ(holder->pid, ::getpid());
    std::string name;
    std::getline(std::ifstream("/proc/self/comm"), name);
    EXPECT_EQ(holder->name, name);
  }
}

TEST(PortHolder, IsNobodyWhenThePortIsFree) {
  std::uint16_t port = 0;
  {
    const auto socket = listen_on("127.0.0.1");
    ASSERT_TRUE(socket);
    port = socket->port;
  }
  EXPECT_FALSE(port_holder(port));
}

TEST(CheckTcp, SaysWhetherSomebodyListens) {
  std::uint16_t port = 0;
  {
    const auto socket = listen_on("127.0.0.1");
    ASSERT_TRUE(socket);
    port = socket->port;
    const auto checked = net::check_tcp("127.0.0.1", port);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), base::ErrorCode::kConflict);
  }
  EXPECT_TRUE(net::check_tcp("127.0.0.1", port));
  EXPECT_EQ(net::check_tcp("192.0.2.1", 80).error().code(), base::ErrorCode::kInvalidConfig);
  EXPECT_EQ(net::check_tcp("localhost", 80).error().code(), base::ErrorCode::kInvalidConfig);
}

}  // namespace
}  // namespace toolrack::app
