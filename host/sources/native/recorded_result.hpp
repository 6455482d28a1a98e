/// The end of a host operation as it stands in the record of a call that may be suspended.
#pragma once

#include <string>
#include <string_view>

#include "sources/native/operation.hpp"

namespace toolrack::sources::native {

/// All of it, as a JSON object.
std::string to_json(const OperationResult& result);
OperationResult result_from(std::string_view json);

}  // namespace toolrack::sources::native
