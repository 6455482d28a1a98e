/// The events of a stream, as a client of the tests reads them.
#pragma once

#include <string>

#include "support/raw_client.hpp"

namespace toolrack::testing {

/// The data of the next event that has any; "nothing came" when the stream ends first. `seen` is what was read of the
/// stream and not looked at; each event is expected in one chunk.
inline std::string next_event(net::RawClient& client, std::string& seen) {
  for (;;) {
    const auto from = seen.find("data: ");
    const auto to = from == std::string::npos ? from : seen.find("\n\n", from);
    if (to != std::string::npos) {
      auto data = seen.substr(from + 6, to - from - 6);
      seen.erase(0, to + 2);
      if (data.empty()) continue;  // The first one only has an id.
      return data;
    }
    if (!client.read_more(seen)) return "nothing came";
  }
}

}  // namespace toolrack::testing
