/// The secret that seals MCP session ids, made once per data directory.
#pragma once

#include "base/result.hpp"
#include "store/store.hpp"
#include "transports/mcp/session.hpp"

namespace toolrack::app {

/// Reads it from the store, or makes and keeps it; two processes never make two, because one owns the store.
base::Result<mcp::Sessions::Key> session_key(store::Store& store);

}  // namespace toolrack::app
