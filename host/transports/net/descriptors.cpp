#include "transports/net/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace toolrack::net {
namespace {

constexpr rlim_t kReserve = 512;

}  // namespace

std::size_t make_room_for_connections(std::size_t connections) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections;
  const auto wanted = static_cast<rlim_t>(connections) + kReserve;
  if (limit.rlim_cur < wanted) {
    const auto soft = limit.rlim_cur;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = soft;
  }
  // Where the limit is small the reserve is, too.
  const auto reserve = std::min(kReserve, limit.rlim_cur / 4);
  return std::min(connections, static_cast<std::size_t>(limit.rlim_cur - reserve));
}

}  // namespace toolrack::net
