/// What every command that runs a gateway in this process has in common.
#pragma once

#include <memory>
#include <string_view>

#include "app/config.hpp"
#include "app/gateway.hpp"
#include "app/handover.hpp"
#include "base/result.hpp"
#include "operations/table.hpp"

namespace toolrack::app {

/// Level and format of the log, as configured; nothing below `least` (may be empty).
void set_up_log(const Config& config, std::string_view least);

/// Takes over the data directory, or the one that was handed over, and listens. kConflict when somebody else has it;
/// else as Gateway::start. `credentials` outlive it.
base::Result<std::unique_ptr<Gateway>> start_serving(const Config& config, const operations::Table& table,
                                                     const services::credentials::PlatformCredentials& credentials,
                                                     Handover inherited);

/// Says on stderr what is wrong; the exit code of the program.
int complain(const base::Error& error);

}  // namespace toolrack::app
