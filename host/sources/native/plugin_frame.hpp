/// Calling a plugin's functions so that an exception does not end the host: the same here as in a worker.
#pragma once

#include "worker/plugin_frame.hpp"

namespace toolrack::sources::native {

using worker::describe_thrown;
using worker::may_throw;

}  // namespace toolrack::sources::native
