/// Which services a plugin is offered beyond call, log, clock and executor: the gateway knows, the worker is told.
#pragma once

#include <cstdint>

namespace toolrack::worker {

enum : std::uint32_t { kHasHttp = 1, kHasTools = 2, kHasAssets = 4, kHasKnowledge = 8 };

}  // namespace toolrack::worker
