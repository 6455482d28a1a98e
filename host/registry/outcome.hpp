/// What an attempt at a skill came to, whatever source ran it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/gate.hpp"
#include "base/lent_bytes.hpp"
#include "base/money.hpp"
#include "base/result.hpp"

namespace toolrack::registry {

/// One block of MCP content. Numbers as TR_PART_* in abi.h.
struct Part {
  enum class Type : std::uint8_t { kText = 1, kImage, kAudio, kLink, kResource, kJson };
  Type type = Type::kText;
  std::string text;  ///< Text, or one whole content block for kJson.
  std::string media_type, uri, name;
  std::string bytes;       ///< Raw, not base64.
  std::string extra_json;  ///< Members added to the block, or empty.
};

/// A count the skill reported: characters, pages, tokens. "usd" is money and stands in raw_cost instead.
struct Meter {
  std::string unit;
  std::int64_t millionths = 0;
};

/// The directory in which an attempt left files; gone with this object.
class CallFiles {
 public:
  virtual ~CallFiles() = default;
  /// A descriptor of a regular file below the directory, open for reading, whose owner the caller becomes. A path that
  /// leads anywhere else is kInvalidOutput, named file_refused. Reads a disk: not on a loop.
  virtual base::Result<int> open_file(std::string_view path) = 0;
};

struct Outcome {
  base::GateLease lease;                ///< Keeps the library in memory while `output_json` is lent; released after it.
  std::optional<base::Error> error;     ///< Empty: success.
  base::LentBytes output_json;          ///< May accompany an error.
  std::vector<Part> parts;              ///< Empty: the transport makes one text block of output or message.
  std::string meta_json;                ///< MCP _meta, an object, or empty.
  std::optional<base::Money> raw_cost;  ///< When the skill metered "usd"; else the manifest's price counts.
  std::vector<Meter> meters;
  std::unique_ptr<CallFiles> files;  ///< Null: the attempt asked for no directory.
  std::optional<bool> billed;        ///< Did the provider charge? Empty: not known.
  std::int64_t ttl_ns = 0;
  bool is_final = false;   ///< No other backend, no retry: it may have acted.
  bool untouched = false;  ///< The source knows: nothing reached a far end that could have acted on it.
  bool try_next = false;   ///< Another backend may be tried although the status alone would not say so.
  bool truncated = false;
  bool cache_public = false;
  bool is_suspended = false;  ///< No outcome: the skill runs again when what it has asked is answered.
  std::uint32_t cannot_ask =
      0;  ///< What the skill wanted to ask and the caller cannot be asked, as bits (questions.hpp).

  /// As new, but for room that is kept. Most outcomes are an output and nothing else, and that costs little.
  void reset() noexcept {
    output_json.reset();
    lease.release();
    if (error || raw_cost || files || !parts.empty() || !meta_json.empty() || !meters.empty()) [[unlikely]] {
      error.reset();
      raw_cost.reset();
      files.reset();
      parts.clear();
      meta_json.clear();
      meters.clear();
    }
    billed.reset();
    ttl_ns = 0;
    cannot_ask = 0;
    is_final = untouched = try_next = truncated = cache_public = is_suspended = false;
  }
};

}  // namespace toolrack::registry
