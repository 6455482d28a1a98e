/// A line of the client as the gateway will get it: its body, and what the bridge must know of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace toolrack::stdio {

class ParamCache;

struct Outbound {
  struct Id {
    std::string raw;  ///< As the client wrote it; so it goes into an answer.
    std::string key;  ///< In canonical form, to compare.
  };

  std::string body;
  std::vector<Id> ids;  ///< Requests that wait for an answer: one, or those of a batch; empty for what needs none.
  std::string method;   ///< Empty for a response or a batch.
  std::vector<std::string> headers;  ///< "Name: value", those that follow from the body.
  std::string cancels;               ///< notifications/cancelled: the key of the request it names.
  bool is_modern = false;            ///< Claims a revision of 2026-07-28 or later.
  bool opens_session = false;        ///< A legacy `initialize`.
  bool may_repeat = true;            ///< False for calls: sent twice, a tool might act twice.
  bool is_unclear = false;  ///< No JSON-RPC message, or a batch: whatever the gateway says of it goes to the client.
};

/// Errors are those of reading JSON. `params` gives the headers of tools that want some; null: none are sent.
base::Result<Outbound> read_outbound(std::string line, const ParamCache* params);

}  // namespace toolrack::stdio
