#include "registry/schema_pattern.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::registry::schema {
namespace {

/// Of text that is matched for the steps in cost_.
constexpr std::size_t kBytes = 512;
/// Of memory for a pattern and its automata, which RE2 never exceeds.
constexpr std::int64_t kMaxMemory = 4 << 20;

}  // namespace

Pattern::Pattern(std::string_view text, std::unique_ptr<const re2::RE2> program)
    // RE2 visits at most every instruction of its program for every byte.
    : text_(text), program_(std::move(program)), cost_(std::max(4, program_->ProgramSize())) {}

tl::expected<Pattern, PatternFault> Pattern::compile(std::string_view ecma) {
  auto translated = to_re2(ecma);
  if (!translated) return tl::unexpected(std::move(translated.error()));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMaxMemory);
  auto program = std::make_unique<const re2::RE2>(*translated, options);
  if (!program->ok()) {
    const bool is_big = program->error_code() == re2::RE2::ErrorPatternTooLarge ||
                        program->error_code() == re2::RE2::ErrorRepeatSize ||
                        program->error_code() == re2::RE2::ErrorBadCharRange;
    return tl::unexpected(
        PatternFault{is_big ? PatternFault::Kind::kBeyondRe2 : PatternFault::Kind::kMalformed, program->error()});
  }
  return Pattern(ecma, std::move(program));
}

bool Pattern::matches(std::string_view text, Work& work) const {
  if (text.size() >= kBytes && !work.spend(static_cast<std::int64_t>(text.size() / kBytes) * cost_)) return false;
  return program_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

}  // namespace toolrack::registry::schema
