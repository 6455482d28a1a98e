/// `toolrack doctor`: what is wrong with this machine's set-up, and what to do.
#pragma once

#include <string>

#include "cli/program.hpp"
#include "services/credentials/platform_credentials.hpp"

namespace toolrack::app {

/// {"checks":[{name, status: ok|warning|error, detail, remedy?}]}: configuration, data directory, store, listening
/// address, plugins, credentials that their tools want, sandbox features, DNS. Changes nothing but for making the data
/// directory.
std::string doctor_report(const cli::Target& target, const services::credentials::PlatformCredentials& credentials);

}  // namespace toolrack::app
