/// Which sockets a gateway serves when some were handed to it.
#include "app/listen_sockets.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <initializer_list>

#include "listening.hpp"

namespace toolrack::app {
namespace {

/// Listens on a free port of `address`; `out` is told where.
Handover::Sockets given(std::initializer_list<const char*> addresses, bool is_ours, Endpoint& out) {
  Handover::Sockets sockets{.fds = {}, .is_ours = is_ours};
  for (const auto* address : addresses) {
    auto socket = listen_on(address);
    EXPECT_TRUE(socket) << socket.error().message();
    if (!socket) continue;
    out = {address, socket->port};
    sockets.fds.push_back(std::move(socket->fd));
  }
  return sockets;
}

ListenSockets choose(const Endpoint& wanted, Handover::Sockets sockets) {
  auto chosen = choose_sockets(wanted, "listen", std::move(sockets), 2);
  EXPECT_TRUE(chosen) << chosen.error().message();
  return chosen ? *std::move(chosen) : ListenSockets{};
}

TEST(ListenSockets, AreToBeOpenedWhereNoneWereGiven) {
  const auto chosen = choose({"127.0.0.1", 3141}, {});
  EXPECT_EQ(chosen.endpoint, (Endpoint{"127.0.0.1", 3141}));
  EXPECT_TRUE(chosen.sockets.empty());
  EXPECT_TRUE(chosen.is_ours);
}

TEST(ListenSockets, OfAServiceManagerAreServedWhereTheyAre) {
  Endpoint bound;
  const auto chosen = choose({"127.0.0.1", 1}, given({"127.0.0.2"}, false, bound));
  EXPECT_EQ(chosen.endpoint, bound) << "not where the configuration says";
  EXPECT_EQ(chosen.sockets.size(), 1u);
  EXPECT_FALSE(chosen.is_ours);
  EXPECT_FALSE(chosen.is_kept);
}

TEST(ListenSockets, AreJudgedByTheOneThatStrangersReach) {
  Endpoint last;
  const auto chosen = choose({"127.0.0.1", 1}, given({"127.0.0.1", "0.0.0.0", "127.0.0.2"}, false, last));
  EXPECT_EQ(chosen.endpoint.address, "0.0.0.0");
  EXPECT_EQ(chosen.sockets.size(), 3u);
  EXPECT_FALSE(check_given_socket(Config{}, chosen.endpoint));
}

TEST(ListenSockets, OfTheGatewayBeforeStayWhereTheConfigurationSays) {
  for (const bool names_port : {true, false}) {
    Endpoint bound;
    auto sockets = given({"127.0.0.1"}, true, bound);
    const int before = sockets.fds.front().get();
    const auto chosen = choose({"127.0.0.1", names_port ? bound.port : std::uint16_t{0}}, std::move(sockets));
    EXPECT_EQ(chosen.endpoint, bound);
    ASSERT_EQ(chosen.sockets.size(), 1u);
    EXPECT_EQ(chosen.sockets.front().fd.get(), before);
    EXPECT_FALSE(chosen.is_kept);
  }
}

TEST(ListenSockets, MoveWithTheConfiguration) {
  Endpoint bound;
  const auto chosen = choose({"127.0.0.2", 0}, given({"127.0.0.1"}, true, bound));
  EXPECT_EQ(chosen.endpoint.address, "127.0.0.2");
  EXPECT_NE(chosen.endpoint.port, 0);
  EXPECT_EQ(chosen.sockets.size(), 2u) << "one for each loop";
  EXPECT_TRUE(chosen.is_ours);
  EXPECT_TRUE(listen_on("127.0.0.1")) << "the former are closed";
  EXPECT_TRUE(net::check_tcp("127.0.0.1", bound.port));
}

/// What becomes local must not listen for everybody any more, at the very port.
TEST(ListenSockets, MoveFromAllAddressesToOne) {
  Endpoint bound;
  auto sockets = given({"0.0.0.0"}, true, bound);
  const auto chosen = choose({"127.0.0.1", bound.port}, std::move(sockets));
  EXPECT_EQ(chosen.endpoint, (Endpoint{"127.0.0.1", bound.port}));
  EXPECT_FALSE(chosen.is_kept);
}

TEST(ListenSockets, StayWhereTheyAreWhenTheConfiguredAddressIsTaken) {
  const auto stranger = listen_on("127.0.0.1");
  ASSERT_TRUE(stranger) << stranger.error().message();
  Endpoint bound;
  const auto chosen = choose({"127.0.0.1", stranger->port}, given({"127.0.0.2"}, true, bound));
  EXPECT_EQ(chosen.endpoint, bound);
  EXPECT_EQ(chosen.sockets.size(), 1u);
  EXPECT_TRUE(chosen.is_kept);
}

TEST(ListenSockets, OfAnAddressInIpv6NotationAreIpv4) {
  Endpoint bound;
  const auto chosen = choose({"::ffff:127.0.0.1", 0}, given({"127.0.0.1"}, true, bound));
  EXPECT_EQ(chosen.endpoint, bound);
  EXPECT_FALSE(chosen.is_kept);
}

TEST(ListenSockets, AreRefusedWhenTheyAreSomethingElse) {
  Handover::Sockets sockets;
  sockets.fds.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto refused = choose_sockets({"127.0.0.1", 1}, "listen", std::move(sockets), 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::ErrorCode::kInvalidConfig);
}

}  // namespace
}  // namespace toolrack::app
