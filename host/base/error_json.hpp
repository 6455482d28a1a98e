/// How an Error looks in JSON, on every surface.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"

namespace toolrack::base {

/// {code, type, message, resolution_hint, retry_after?, details?}; retry_after in whole seconds, rounded up.
void write_error(json::Writer& writer, const Error& error);
std::string error_json(const Error& error);

}  // namespace toolrack::base
