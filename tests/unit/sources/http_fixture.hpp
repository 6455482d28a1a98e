/// A native source whose plugins reach a scripted server on loopback, by toolrack.http/1.
#pragma once

#include <boost/asio/post.hpp>

#include <future>
#include <memory>
#include <vector>

#include "native_fixture.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "services/http/client.hpp"
#include "services/upstream/client.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::sources::native {

class HttpFixture : public NativeFixture {
 protected:
  /// As `open`; the provider "local" is the server, below /base/.
  void open_with_http() {
    policy = std::make_unique<services::http::PublishedEgress>(std::make_shared<const services::http::EgressPolicy>(
        *services::http::EgressPolicy::create({.allow_loopback = true, .allow = {}, .ports = {}})));
    for (std::size_t i = 0; i < loops.size(); ++i) {
      clients.push_back(
          std::make_unique<services::http::Client>(loops[i], *policy, metrics, services::http::Client::Settings{}));
      upstreams.push_back(std::make_unique<services::upstream::Client>(services::upstream::Client::Dependencies{
          .loop = loops[i], .http = *clients.back(), .nonces = nonces, .clock = base::system_clock()}));
      environment.http.push_back(upstreams.back().get());
    }
    environment.places = &places;
    environment.credentials = &credentials;
    settings.provider_base_urls["local"] = server.url("/base/");
    open();
  }
  void TearDown() override {
    source.reset();
    // Clients are used on their loops only.
    for (std::size_t i = 0; i < clients.size(); ++i) {
      std::promise<void> gone;
      boost::asio::post(loops[i].context(), [&] {
        upstreams[i].reset();
        clients[i].reset();
        gone.set_value();
      });
      gone.get_future().wait();
    }
  }

  test::ScriptedHttpServer server;
  std::unique_ptr<services::http::PublishedEgress> policy;
  std::vector<std::unique_ptr<services::http::Client>> clients;
  testing::MemoryStore store;
  services::credentials::Nonces nonces{store, base::system_clock()};
  services::upstream::Places places;
  services::credentials::PlatformCredentials credentials;
  std::vector<std::unique_ptr<services::upstream::Client>> upstreams;
};

}  // namespace toolrack::sources::native
