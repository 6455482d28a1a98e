// Throws before there is anything of it to talk to.
#include <stdexcept>

#include "plain.h"

namespace {
struct Thrower {
  Thrower() { throw std::runtime_error("from a static constructor"); }
};
const Thrower thrower;
}  // namespace

extern "C" {
PLAIN_ENTRY(nullptr)
}
