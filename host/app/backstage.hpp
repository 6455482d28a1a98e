/// What the commands of the command line ask the rest of the program to do.
#pragma once

#include <string>

#include "app/config.hpp"
#include "cli/program.hpp"
#include "services/credentials/platform_credentials.hpp"

namespace toolrack::app {

class Backstage final : public cli::Backstage {
 public:
  /// Both outlive it.
  Backstage(const operations::Table& table, const services::credentials::PlatformCredentials& credentials)
      : table_(table), credentials_(credentials) {}

  /// Runs until SIGTERM or SIGINT, then drains. SIGHUP has it read the configuration again.
  int serve(const cli::ServeOptions& options) override;
  int dev(const cli::DevOptions& options) override;
  int stdio(const cli::StdioOptions& options) override;
  /// A remote gateway when a URL is given, else the owner of the data directory, else a gateway in this process for as
  /// long as the Api lives.
  base::Result<std::unique_ptr<cli::Api>> connect(const cli::Target& target) override;
  base::Result<std::unique_ptr<cli::Api>> connect_running(const cli::Target& target) override;
  base::Result<std::unique_ptr<cli::Api>> connect_recorded(const cli::Target& target,
                                                           services::recorder::Recording& recording) override;
  base::Result<std::string> validate(const std::string& file) override;
  base::Result<std::string> keygen(const std::string& file) override;
  base::Result<std::string> sign(const std::string& key_file, const std::vector<std::string>& plugins) override;
  std::string doctor(const cli::Target& target) override;
  std::string version() override;

 private:
  const operations::Table& table_;
  const services::credentials::PlatformCredentials& credentials_;
};

/// The file, the environment, then what the command line says. Shared by every command.
base::Result<Config> configure(const cli::Target& target);

}  // namespace toolrack::app
