/// A gateway to talk to, wherever it is: the owner of the data directory, one made for the command's time, or a remote
/// one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::cli {

struct ApiReply {
  int status = 0;
  std::string body;  ///< JSON.
};

/// Used by one thread.
class Api {
 public:
  virtual ~Api() = default;
  /// `path` with its query; `body` JSON or empty. kUnavailable when nobody answers.
  virtual base::Result<ApiReply> request(std::string_view method, std::string_view path, std::string_view body) = 0;
};

}  // namespace toolrack::cli
