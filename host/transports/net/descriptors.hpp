/// Every connection is a file descriptor, and the system gives a process few of them unless it asks.
#pragma once

#include <cstddef>

namespace toolrack::net {

/// Raises the process's soft limit of descriptors, as far as the hard one allows, so that `connections` can be open and
/// a reserve is left for the store, plugins and outbound requests. Returns for how many connections there is room: with
/// that as Limits::connections a client too many is answered instead of left waiting. Call it before the server is
/// made.
std::size_t make_room_for_connections(std::size_t connections) noexcept;

}  // namespace toolrack::net
