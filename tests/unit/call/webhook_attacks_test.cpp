/// Every way to dial what must not be dialled, tried as the webhook of a job that a hosted gateway has taken.
#include <gmock/gmock.h>

#include <clocale>

#include "support/egress_attacks.hpp"
#include "support/network_namespace.hpp"
#include "support/scripted_dns_server.hpp"
#include "support/scripted_http_server.hpp"
#include "support/test_certificate.hpp"
#include "webhooks_fixture.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;
using test::Reply;
using State = WebhookDelivery::State;

const test::TestCertificate& certificate() {
  static const auto made =
      test::TestCertificate::make({.names = {test::kPublicAddress, "public.attack.test", "rebound.attack.test"}});
  return made;
}
const std::string& authorities() {
  static const test::TemporaryFile file(certificate().certificate);
  return file.path();
}

class WebhookAttacks : public WebhooksFixture {
 protected:
  WebhookAttacks() : WebhooksFixture({.allow = {test::kPublicAddress}}, false, {.ca_file = authorities()}) {}

  void set_up(const json::Value& attacks) {
    test::take_attacked_addresses(attacks);
    dns_.emplace();
    test::tell_attacked_names(*dns_, attacks);
    dns_->on("public.attack.test", {{test::kPublicAddress}});
    server_.emplace(test::ScriptedHttpServer::Options{.address = "::", .certificate = certificate()});
    server_->on("*", Reply::text("internal"));
  }
  std::string with_host(std::string_view host, std::string_view path) const {
    return "https://" + std::string(host) + ":" + std::to_string(server_->port()) + std::string(path);
  }
  /// How often the server was dialled for this webhook, which is tried once; time stands still, so no earlier one is.
  std::size_t dialled_for(const std::string& url, State expected) {
    const auto before = server_->connections_accepted();
    const auto id = owe(url);
    send();
    EXPECT_EQ(delivery(id).attempts, 1U);
    EXPECT_EQ(delivery(id).state, expected) << delivery(id).last_error;
    return server_->connections_accepted() - before;
  }

  std::optional<test::ScriptedDnsServer> dns_;
  std::optional<test::ScriptedHttpServer> server_;
};

TEST_F(WebhookAttacks, AreNotDialled) {
  TOOLRACK_TEST_IN_NAMESPACE();
  const auto attacks = test::read_egress_attacks();
  set_up(attacks);
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  EXPECT_EQ(dialled_for(with_host(test::kPublicAddress, "/"), State::kDelivered), 1U) << "the control";
  EXPECT_EQ(dialled_for(with_host("public.attack.test", "/"), State::kDelivered), 1U) << "the control by name";
  std::size_t names = 0;
  for (const auto& row : attacks["rows"].GetArray()) {
    auto url = test::with_port(json::find_string(row, "url").value(), server_->port());
    SCOPED_TRACE(url + ": " + std::string(json::find_string(row, "why").value()));
    EXPECT_FALSE(webhooks_->check(url)) << "is not even accepted";
    EXPECT_EQ(dialled_for(url, State::kPending), 0U) << "nor when it was accepted in other times";
    if (!url.starts_with("http://")) continue;
    url.replace(0, 4, "https");
    names += webhooks_->check(url) ? 1 : 0;
    EXPECT_EQ(dialled_for(url, State::kPending), 0U) << "over TLS";
  }
  EXPECT_GT(names, 5U) << "the control: names get as far as the dialling";
}

TEST_F(WebhookAttacks, AreNotReachedThroughARedirect) {
  TOOLRACK_TEST_IN_NAMESPACE();
  const auto attacks = test::read_egress_attacks();
  set_up(attacks);
  for (const auto& row : attacks["rows"].GetArray()) {
    const auto url = test::with_port(json::find_string(row, "url").value(), server_->port());
    SCOPED_TRACE(url);
    server_->on("/redirect", Reply::redirect(url, 307));
    const auto requests = server_->requests().size();
    EXPECT_LE(dialled_for(with_host(test::kPublicAddress, "/redirect"), State::kPending), 1U);
    EXPECT_EQ(server_->requests().size() - requests, 1U) << "the redirect, and nothing after it";
  }
}

TEST_F(WebhookAttacks, RebindingANameChangesNothing) {
  TOOLRACK_TEST_IN_NAMESPACE();
  const auto attacks = test::read_egress_attacks();
  set_up(attacks);
  server_->on("/hook", Reply::text("not now", 503).header("Connection", "close").then_close());
  dns_->on("rebound.attack.test", {{test::kPublicAddress}, {"127.0.0.1"}});
  const auto id = owe(with_host("rebound.attack.test", "/hook"));
  send();
  EXPECT_EQ(server_->requests().size(), 1U) << "the control: it is tried where it may be";
  clock_.advance(std::chrono::minutes(1));
  restart();  // Its client asks for the name anew.
  send();
  EXPECT_EQ(delivery(id).attempts, 2U);
  EXPECT_EQ(delivery(id).last_error, services::http::kEgressRefusedText) << "the name now means loopback";
  EXPECT_EQ(server_->connections_accepted(), 1U);
}

}  // namespace
}  // namespace toolrack::call::jobs
