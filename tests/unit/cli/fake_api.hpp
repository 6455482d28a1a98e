/// A gateway that answers from a script and remembers what it was asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/api.hpp"

namespace toolrack::testing {

struct Asked {
  std::string method, path, body;
};

class FakeApi final : public cli::Api {
 public:
  using Replies = std::map<std::string, cli::ApiReply>;
  /// `replies` by "METHOD path"; what is not there is answered as an unknown route. Both outlive it.
  FakeApi(const Replies& replies, std::vector<Asked>& asked) : replies_(replies), asked_(asked) {}

  base::Result<cli::ApiReply> request(std::string_view method, std::string_view path, std::string_view body) override {
    asked_.push_back({std::string(method), std::string(path), std::string(body)});
    const auto found = replies_.find(asked_.back().method + " " + asked_.back().path);
    if (found != replies_.end()) return found->second;
    return cli::ApiReply{404, R"({"error":{"code":"route_not_found","type":"not_found","message":"nothing there"}})"};
  }

 private:
  const Replies& replies_;
  std::vector<Asked>& asked_;
};

}  // namespace toolrack::testing
