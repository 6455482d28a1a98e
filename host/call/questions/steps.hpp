/// Steps that happen at most once over all runs and attempts of one call: registry::Once, in memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "registry/once.hpp"

namespace toolrack::call {

/// Owner: the call. Threads: its loop's only.
class Steps {
 public:
  base::Result<registry::Once::Begun> begin(std::string_view key);
  base::Result<void> end(std::string_view key, registry::Once::Ending ending, std::string_view value);
  /// What is kept of one.
  struct Kept {
    std::string key;
    bool is_done = false, is_lost = false;  ///< As in Step.
    std::string value;
  };
  std::vector<Kept> all() const;
  static Steps from(std::vector<Kept> all);
  bool is_empty() const noexcept { return steps_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Step {
    bool is_done = false;
    bool is_lost = false;  ///< Ended, and nobody knows how.
    std::string value;
  };
  std::map<std::string, Step, std::less<>> steps_;
  std::size_t bytes_ = 0;
};

}  // namespace toolrack::call
