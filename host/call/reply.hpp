/// The wire form of a call's outcome that every surface shares: REST answers it, `use_tool` answers it, the CLI prints
/// it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "call/call.hpp"

namespace toolrack::call {

/// 200, the status of the error's row, or 409 for a call that is suspended by a question.
int http_status(const CallOutcome& outcome) noexcept;

/// Whether the output stands in a reply, or travels beside it.
enum class ReplyOutput : std::uint8_t { kInside, kBeside };

/// {status: "success"|"error"|"input_required", questions?, state?, tool, version, skill, output | error | dry_run,
/// content?, meta?, truncated?, backend?, cached?, tried?, cost, currency, credits_remaining, raw_cost, markup,
/// billed?, nested?, request_id}. `cost` is all that is charged, what the skill's own calls cost (`nested`) among it. A
/// failed call tells its usage too.
void write_reply(base::json::Writer& writer, const CallOutcome& outcome, ReplyOutput output = ReplyOutput::kInside);

/// The value of a Cache-Status header (RFC 9211), such as "toolrack; hit; ttl=59"; empty for a skill whose answers are
/// not kept.
std::string cache_status(const CacheNote& note);

/// The value of a Server-Timing header: "validate;dur=0.001, run;dur=12.345, total;dur=12.401", milliseconds.
class ServerTiming {
 public:
  explicit ServerTiming(const Timings& timings) noexcept;
  std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  void add(std::string_view name, std::int64_t duration_ns) noexcept;

  std::array<char, 160> text_;  ///< Four names and numbers of any size.
  std::size_t size_ = 0;
};

}  // namespace toolrack::call
