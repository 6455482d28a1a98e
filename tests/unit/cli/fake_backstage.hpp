/// What commands ask for, written down instead of done.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/program.hpp"
#include "unit/cli/fake_api.hpp"

namespace toolrack::testing {

class FakeBackstage final : public cli::Backstage {
 public:
  int serve(const cli::ServeOptions& options) override {
    served = options;
    return 0;
  }
  int dev(const cli::DevOptions& options) override {
    developed = options;
    return 0;
  }
  int stdio(const cli::StdioOptions& options) override {
    spoken = options;
    return 0;
  }
  base::Result<std::unique_ptr<cli::Api>> connect(const cli::Target& target) override {
    connected = target;
    if (connect_error) return tl::unexpected(*connect_error);
    return std::make_unique<FakeApi>(replies, asked);
  }
  base::Result<std::unique_ptr<cli::Api>> connect_running(const cli::Target& target) override {
    return connect(target);
  }
  base::Result<std::unique_ptr<cli::Api>> connect_recorded(const cli::Target& target,
                                                           services::recorder::Recording& recording) override {
    recorded = &recording;
    return connect(target);
  }
  base::Result<std::string> validate(const std::string& file) override { return file + " is fine\n"; }
  base::Result<std::string> keygen(const std::string& file) override { return file + " is made\n"; }
  base::Result<std::string> sign(const std::string& key_file, const std::vector<std::string>& plugins) override {
    return fmt::format("{} signs {}\n", key_file, fmt::join(plugins, " "));
  }
  std::string doctor(const cli::Target&) override { return report; }
  std::string version() override { return "1.2.3"; }

  std::optional<cli::ServeOptions> served;
  std::optional<cli::DevOptions> developed;
  std::optional<cli::StdioOptions> spoken;
  std::optional<cli::Target> connected;
  std::optional<base::Error> connect_error;
  const services::recorder::Recording* recorded = nullptr;  ///< Given last; it may have gone.
  FakeApi::Replies replies;
  std::vector<Asked> asked;
  std::string report = R"({"checks":[]})";
};

}  // namespace toolrack::testing
