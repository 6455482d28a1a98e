/// `toolrack doctor`: what is wrong with this machine's set-up, and what to do.
#pragma once

#include <string>

#include "cli/program.hpp"

namespace toolrack::app {

/// {"checks":[{name, status: ok|warning|error, detail, remedy?}]}: configuration, data directory, store, listening
/// address, plugins, sandbox features, DNS. Changes nothing but for making the data directory.
std::string doctor_report(const cli::Target& target);

}  // namespace toolrack::app
