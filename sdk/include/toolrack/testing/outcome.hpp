/// What a test sees of a finished call.
#pragma once

#include <toolrack/view.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace toolrack::testing {

/// One content block, copied.
struct SeenPart {
  std::uint32_t type = 0;
  std::string text, media_type, uri, name, bytes, extra_json;
};

struct SeenProgress {
  double done = 0, total = 0;
  std::string note;
};

struct SeenQuestion {
  std::uint32_t type = 0;  ///< TR_ASK_*.
  std::string key, message, params_json, url;
};

/// How a call ended, and what it did on the way (over all its runs).
struct Outcome {
  tr_status status = TR_UNKNOWN;
  std::uint32_t flags = 0;  ///< TR_OUT_*.
  std::string output;       ///< JSON or empty.
  std::vector<SeenPart> parts;
  std::string code, message, hint, details_json, meta_json;
  std::chrono::nanoseconds retry_after{0}, ttl{0};

  int runs = 0;  ///< 1, and one more for each time it was suspended.
  std::vector<SeenPart> partials;
  std::vector<SeenProgress> progress;
  std::vector<SeenQuestion> questions;
  std::map<std::string, std::int64_t> meters;  ///< Millionths by unit.
  std::string checkpoint;

  bool ok() const noexcept { return status == TR_OK; }
  bool has_flag(std::uint32_t tr_out_flag) const noexcept { return (flags & tr_out_flag) != 0; }
};

}  // namespace toolrack::testing
