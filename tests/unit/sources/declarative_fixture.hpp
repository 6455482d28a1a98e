/// A native source that serves bare manifests, and a server that they ask.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "native_fixture.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "services/http/client.hpp"
#include "services/upstream/client.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::sources::native {

class DeclarativeFixture : public NativeFixture {
 protected:
  void TearDown() override {
    source.reset();
    for (std::size_t i = 0; i < clients.size(); ++i) {  // Clients are used on their loops only.
      std::promise<void> gone;
      boost::asio::post(loops[i].context(), [&] {
        upstreams[i].reset();
        clients[i].reset();
        gone.set_value();
      });
      gone.get_future().wait();
    }
  }
  void start() {
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
    settings.provider_base_urls["p"] = server.url("/base/");
    open();
  }
  /// One skill; its provider's members and its own go on with what is given.
  static std::string manifest(const std::string& request, const std::string& of_provider = "",
                              const std::string& of_tool = "", const std::string& of_skill = "") {
    const std::string input =
        R"({"type":"object","properties":{"id":{"type":"string"},"q":{},"n":{},"list":{"type":"array"},"opt":{}},)"
        R"("required":["id"]})";
    return R"({"manifest":"1.0","owner":"test","name":"bare","version":"1.0.0","description":"d",)"
           R"("providers":{"p":{"base_url":"https://api.example.com/ignored")" +
           of_provider + "}}" + of_tool + R"(,"skills":[{"name":"run","description":"d","input":)" + input + of_skill +
           R"(,"request":)" + request + "}]}";
  }
  void write(const std::string& text, const std::string& name = "bare.tool.json") const {
    std::ofstream(plugins() / name) << text;
  }
  /// The tool with this one request, ready to be called.
  void serve(const std::string& request) {
    write(manifest(request));
    start();
  }
  /// What the source says of the only file.
  PluginFile only_row() const {
    const auto rows = source->files();
    EXPECT_EQ(rows.size(), 1U);
    return rows.at(0);
  }
  static std::string body_of(const test::RecordedRequest& request) { return request.body; }

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
