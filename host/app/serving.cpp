#include "app/serving.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "cli/exit_code.hpp"
#include "services/log/log.hpp"
#include "store/data_directory.hpp"

namespace toolrack::app {

namespace log = services::log;

void set_up_log(const Config& config, std::string_view least) {
  log::Level level = log::Level::kInfo;
  log::parse_level(config.log_level, level);
  log::Level floor = log::Level::kDebug;
  if (!least.empty() && log::parse_level(least, floor)) level = std::max(level, floor);
  log::set_level(level);
  log::set_format(config.log_format == "json" ? log::Format::kJson : log::Format::kText);
}

base::Result<std::unique_ptr<Gateway>> start_serving(const Config& config, const operations::Table& table,
                                                     const services::credentials::PlatformCredentials& credentials,
                                                     Handover inherited) {
  auto acquired = TRY(store::DataDirectory::acquire(config.data, inherited.lock.release()));
  if (const auto* owned = std::get_if<store::DataDirectory::Owned>(&acquired))
    return base::fail(base::ErrorCode::kConflict,
                      fmt::format("process {} already serves {}", owned->pid, config.data.string()),
                      "End it, or choose another --data directory.");
  return Gateway::start(config, table, std::get<store::DataDirectory>(std::move(acquired)),
                        {.listen = true, .credentials = &credentials, .inherited = std::move(inherited)});
}

int complain(const base::Error& error) {
  fmt::print(stderr, "toolrack: {} ({})\n  {}\n", error.message(), error.name(), error.hint());
  return cli::exit_code(error.type());
}

}  // namespace toolrack::app
