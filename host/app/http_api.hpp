/// The command line's way to a gateway: one request after another, over the owner's socket or to a URL.
#pragma once

#include <memory>
#include <string>

#include "cli/api.hpp"

namespace toolrack::app {

/// Used by one thread.
class HttpApi final : public cli::Api {
 public:
  /// A gateway of this machine, by its socket file.
  static std::unique_ptr<HttpApi> local(const std::string& socket_path);
  /// Any other; `key` may be empty.
  static std::unique_ptr<HttpApi> remote(std::string url, std::string key);
  ~HttpApi() override;

  base::Result<cli::ApiReply> request(std::string_view method, std::string_view path, std::string_view body) override;
  /// False: nobody was there to hear the last request, so it may be made again.
  bool was_connected() const noexcept { return was_connected_; }

 private:
  HttpApi(std::string base_url, std::string socket_path, std::string key);

  const std::string base_url_, socket_path_, key_;
  void* easy_;  ///< CURL*; kept for its connection.
  bool was_connected_ = true;
};

}  // namespace toolrack::app
