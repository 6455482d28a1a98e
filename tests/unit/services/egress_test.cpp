#include "services/http/egress.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

namespace toolrack::services::http {
namespace {

using base::ErrorCode;

sockaddr_storage address_of(const std::string& text, std::uint16_t port = 443) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr), 1) << text;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
  }
  return storage;
}

EgressPolicy policy_of(const EgressPolicy::Settings& settings) { return EgressPolicy::create(settings).value(); }

bool allows(const EgressPolicy& policy, const std::string& text, std::uint16_t port = 443) {
  const auto storage = address_of(text, port);
  const auto result = policy.check(reinterpret_cast<const sockaddr*>(&storage));
  if (!result) {
    EXPECT_EQ(result.error().code(), ErrorCode::kEgressRefused);
    EXPECT_EQ(result.error().message(), kEgressRefusedText);
  }
  return result.has_value();
}

TEST(EgressPolicy, AllowsPublicAddressesOnly) {
  const auto policy = policy_of({});
  // The first and last of each block, and their neighbours outside it.
  for (const auto* text : {"1.0.0.0",
                           "9.255.255.255",
                           "11.0.0.0",
                           "100.63.255.255",
                           "100.128.0.0",
                           "126.255.255.255",
                           "128.0.0.0",
                           "169.253.255.255",
                           "169.255.0.0",
                           "172.15.255.255",
                           "172.32.0.0",
                           "191.255.255.255",
                           "192.0.1.0",
                           "192.0.3.0",
                           "192.31.195.255",
                           "192.31.197.0",
                           "192.52.192.255",
                           "192.52.194.0",
                           "192.88.98.255",
                           "192.88.100.0",
                           "192.167.255.255",
                           "192.169.0.0",
                           "192.175.47.255",
                           "192.175.49.0",
                           "198.17.255.255",
                           "198.20.0.0",
                           "198.51.99.255",
                           "198.51.101.0",
                           "203.0.112.255",
                           "203.0.114.0",
                           "223.255.255.255",
                           "168.63.129.15",
                           "168.63.129.17",
                           "8.8.8.8",
                           "2000::",
                           "2001:200::",
                           "2001:4860:4860::8888",
                           "2001:db7:ffff::",
                           "2001:db9::",
                           "2003::",
                           "2606:4700::1111",
                           "2620:4f:7fff::1",
                           "2620:4f:8001::",
                           "3ffe:ffff::",
                           "3fff:1000::",
                           "::ffff:8.8.8.8",
                           "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(allows(policy, text)) << text;
  }
  for (const auto* text :
       {"0.0.0.0",         "0.255.255.255",   "10.0.0.0",        "10.255.255.255",  "100.64.0.0",
        "100.100.100.200", "100.127.255.255", "127.0.0.1",       "127.255.255.255", "169.254.0.0",
        "169.254.169.254", "169.254.255.255", "172.16.0.0",      "172.31.255.255",  "192.0.0.0",
        "192.0.0.9",       "192.0.0.192",     "192.0.0.255",     "192.0.2.0",       "192.0.2.255",
        "192.31.196.0",    "192.31.196.255",  "192.52.193.0",    "192.52.193.255",  "192.88.99.0",
        "192.88.99.255",   "192.168.0.0",     "192.168.255.255", "192.175.48.0",    "192.175.48.255",
        "198.18.0.0",      "198.19.255.255",  "198.51.100.0",    "198.51.100.255",  "203.0.113.0",
        "203.0.113.255",   "224.0.0.0",       "239.255.255.255", "240.0.0.0",       "255.255.255.255",
        "168.63.129.16"}) {
    EXPECT_FALSE(allows(policy, text)) << text;
  }
  for (const auto* text : {"::",
                           "::1",
                           "::2",
                           "::7f00:1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::ffff:169.254.169.254",
                           "::10.0.0.1",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::169.254.169.254",
                           "64:ff9b:1::8.8.8.8",
                           "64:ff9b::1:0:8.8.8.8",
                           "100::1",
                           "1::",
                           "1fff:ffff::",
                           "2001::",
                           "2001:0:4136:e378::1",
                           "2001:1ff:ffff::",
                           "2001:db8::",
                           "2001:db8:ffff::1",
                           "2002::",
                           "2002:7f00:1::",
                           "2002:a9fe:a9fe::",
                           "2002:ffff::",
                           "2620:4f:8000::",
                           "2620:4f:8000:ffff::",
                           "3fff::",
                           "3fff:fff:ffff::",
                           "4000::",
                           "5f00::1",
                           "fc00::",
                           "fd00:ec2::254",
                           "fe80::1",
                           "fec0::1",
                           "feff::1",
                           "ff02::1",
                           "::ffff:0:127.0.0.1"}) {
    EXPECT_FALSE(allows(policy, text)) << text;
  }
}

TEST(EgressPolicy, RefusesOtherFamilies) {
  sockaddr unix_socket{};
  unix_socket.sa_family = AF_UNIX;
  EXPECT_FALSE(policy_of({.allow_loopback = true, .allow = {"0.0.0.0/0", "::/0"}}).check(&unix_socket));
}

TEST(EgressPolicy, OpensLoopbackAloneInLocalMode) {
  const auto policy = policy_of({.allow_loopback = true});
  for (const auto* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(allows(policy, text)) << text;
  for (const auto* text : {"0.0.0.0", "::", "10.0.0.1", "169.254.169.254", "fe80::1"}) {
    EXPECT_FALSE(allows(policy, text)) << text;
  }
}

TEST(EgressPolicy, AllowsNetworksOfTheOperator) {
  const auto policy = policy_of({.allow = {"10.1.0.0/16", "192.168.7.9", "fd00:1::/32", "::ffff:172.16.0.0/108"}});
  for (const auto* text : {"10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "192.168.7.9",
                           "fd00:1::5", "172.16.0.1", "172.31.255.255"}) {
    EXPECT_TRUE(allows(policy, text)) << text;
  }
  for (const auto* text : {"10.0.255.255", "10.2.0.0", "192.168.7.8", "fd00:2::1", "fc00::1"}) {
    EXPECT_FALSE(allows(policy, text)) << text;
  }
}

TEST(EgressPolicy, TakesANetworkOfEmbeddedIpv4AsTheIpv4NetworkItIs) {
  const auto policy = policy_of({.allow = {"64:ff9b::10.1.0.0/112", "::192.168.7.9"}});
  for (const auto* text : {"64:ff9b::10.1.2.3", "10.1.2.3", "::192.168.7.9", "192.168.7.9"})
    EXPECT_TRUE(allows(policy, text)) << text;
  for (const auto* text : {"64:ff9b::10.2.0.0", "10.2.0.0", "192.168.7.8"}) EXPECT_FALSE(allows(policy, text)) << text;
  // None of its addresses could ever be allowed: better said than accepted.
  EXPECT_FALSE(EgressPolicy::create({.allow = {"64:ff9b::/64"}}));
}

TEST(EgressPolicy, KeepsEmbeddedIpv4OutOfIpv6Networks) {
  EXPECT_FALSE(allows(policy_of({.allow = {"::/0"}}), "::ffff:127.0.0.1"));
  EXPECT_FALSE(allows(policy_of({.allow = {"::/0"}}), "64:ff9b::10.0.0.1"));
  EXPECT_TRUE(allows(policy_of({.allow = {"::/0"}}), "fe80::1"));
}

TEST(EgressPolicy, BindsPublicAddressesToPortsButNotAllowedNetworks) {
  const auto policy = policy_of({.allow = {"10.0.0.0/8"}, .ports = {80, 443}});
  EXPECT_TRUE(allows(policy, "8.8.8.8", 443));
  EXPECT_TRUE(allows(policy, "8.8.8.8", 80));
  EXPECT_FALSE(allows(policy, "8.8.8.8", 22));
  EXPECT_FALSE(allows(policy, "2001:4860:4860::8888", 25));
  EXPECT_TRUE(allows(policy, "10.0.0.1", 8080));
}

TEST(EgressPolicy, NamesANetworkThatCannotBeRead) {
  for (const auto* text : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "fd00::/129",
                           "example.com", "10.1.2.3/8", "fd00::1/64", "::ffff:10.0.0.1/100", "[fd00::]/8", "[::1]"}) {
    const auto policy = EgressPolicy::create({.allow = {text}});
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code(), ErrorCode::kInvalidConfig);
    EXPECT_THAT(policy.error().message(), testing::HasSubstr("\"" + std::string(text) + "\""));
  }
  EXPECT_FALSE(EgressPolicy::create({.allow = {std::string("10.0.0.1\0x/32", 13)}}))
      << "what follows a zero byte counts";
}

TEST(HostGrant, CoversNamesWhole) {
  EXPECT_TRUE(host_is_granted("api.example.com", {"api.example.com"}));
  EXPECT_TRUE(host_is_granted("API.Example.com", {"api.example.COM"}));
  EXPECT_FALSE(host_is_granted("evil-api.example.com", {"api.example.com"}));
  EXPECT_FALSE(host_is_granted("api.example.com.evil.test", {"api.example.com"}));
  EXPECT_FALSE(host_is_granted("api.example.com", {}));
  EXPECT_TRUE(host_is_granted("anything", {"*"}));
}

TEST(HostGrant, CoversSubDomainsOnlyWithAStar) {
  EXPECT_TRUE(host_is_granted("a.example.com", {"*.example.com"}));
  EXPECT_TRUE(host_is_granted("a.b.Example.com", {"*.example.com"}));
  EXPECT_FALSE(host_is_granted("example.com", {"*.example.com"}));
  EXPECT_FALSE(host_is_granted(".example.com", {"*.example.com"}));
  EXPECT_FALSE(host_is_granted("evilexample.com", {"*.example.com"}));
}

TEST(HostGrant, CoversAddressesOnlyLiterally) {
  EXPECT_TRUE(host_is_granted("127.0.0.1", {"127.0.0.1"}));
  EXPECT_TRUE(host_is_granted("[::1]", {"::1"}));
  EXPECT_TRUE(host_is_granted("[::1]", {"[0:0:0:0:0:0:0:1]"}));
  EXPECT_TRUE(host_is_granted("10.0.0.1", {"*"}));
  EXPECT_FALSE(host_is_granted("127.0.0.1", {"*.0.0.1"}));
  EXPECT_FALSE(host_is_granted("127.0.0.1", {"127.0.0.2"}));
}

}  // namespace
}  // namespace toolrack::services::http
