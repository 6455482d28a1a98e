/// Between deliver and settle, for callers who read answers as content: what is too large to stand in the answer
/// becomes an asset, and the answer links to it. Others, and answers of the usual size, pay a few comparisons.
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/utf8.hpp"
#include "call/execution.hpp"
#include "services/log/log.hpp"

namespace toolrack::call {
namespace {

using Type = registry::Part::Type;

/// Of a text that is linked to: what its reader sees at once.
constexpr std::size_t kPreviewBytes = 4 << 10;

std::string_view preview_of(std::string_view text, const ContentLimits& limits) {
  return base::truncate_utf8(text, std::min<std::uint64_t>(kPreviewBytes, limits.text_bytes));
}

bool is_text(const registry::Part& part) { return part.type == Type::kText; }

bool is_too_large(const registry::Part& part, const ContentLimits& limits) {
  if (is_text(part)) return limits.text_bytes != 0 && part.text.size() > limits.text_bytes;
  return (part.type == Type::kImage || part.type == Type::kAudio) && part.bytes.size() > limits.media_bytes;
}

/// "image/png" has files that end in "png", as far as somebody who saves one cares.
std::string name_of(const registry::Part& part, std::string_view stem) {
  if (!part.name.empty()) return part.name;
  if (is_text(part)) return fmt::format("{}.txt", stem);
  const auto subtype = part.media_type.substr(std::min(part.media_type.find('/') + 1, part.media_type.size()));
  return fmt::format("{}.{}", stem, subtype.substr(0, subtype.find_first_of("+;")));
}

/// What is kept, on its way through the pool; copies, because a skill's answer may be lent.
struct Large {
  std::string account, stem, output;  ///< `output` empty: it is not too large.
  std::vector<registry::Part> parts;
  std::optional<registry::Part> whole_output;
};

base::Result<void> keep_all(const FileOutputs& to, const ContentLimits& limits, Large& large) {
  std::vector<registry::Part> parts;
  for (auto& part : large.parts) {
    if (!is_too_large(part, limits)) {
      parts.push_back(std::move(part));
      continue;
    }
    const auto name = name_of(part, large.stem);
    const auto type = is_text(part) ? std::string_view("text/plain") : std::string_view(part.media_type);
    const std::string_view bytes = is_text(part) ? part.text : part.bytes;
    auto link = TRY(to.keep({.account = large.account, .name = name, .media_type = type}, bytes));
    if (is_text(part)) {
      part.text.resize(preview_of(part.text, limits).size());
      parts.push_back(std::move(part));
    }
    parts.push_back(std::move(link));
  }
  large.parts = std::move(parts);
  if (large.output.empty()) return {};
  const auto name = large.stem + ".json";
  large.whole_output =
      TRY(to.keep({.account = large.account, .name = name, .media_type = "application/json"}, large.output));
  large.whole_output->text = preview_of(large.output, limits);
  return {};
}

}  // namespace

/// False: there is nothing to do. Else `settle` goes on with the call when everything is kept, or cannot be: then the
/// answer holds it all, which is better than none.
bool Execution::link_large_content() {
  const auto& limits = *request_.content;
  const auto& result = outcome_.result;
  if (has_linked_ || path_.deps_.file_outputs == nullptr || offer_ != nullptr || !outcome_.ok()) return false;
  const auto output = result.output_json.view();
  const bool is_long = limits.text_bytes != 0 && result.parts.empty() && output.size() > limits.text_bytes;
  if (!is_long && std::ranges::none_of(result.parts, [&](const auto& part) { return is_too_large(part, limits); }))
    return false;
  has_linked_ = true;
  pin();
  if (text_.empty()) keep_text();
  state_ = State::kDelivering;
  auto large = std::make_shared<Large>(Large{.account = principal_->account,
                                             .stem = fmt::format("{}.{}", skill_->tool->slug, skill_->name),
                                             .output = std::string(is_long ? output : std::string_view()),
                                             .parts = result.parts,
                                             .whole_output = {}});
  const auto& to = *path_.deps_.file_outputs;
  return to.pool.post([this, large, &to, &limits, ticket = ticket_] {
    const auto kept = keep_all(to, limits, *large);
    if (!kept)
      services::log::write(services::log::Level::kWarning,
                           "a large answer is not linked to but sent: it cannot be kept",
                           {{"reason", kept.error().message()}});
    boost::asio::post(loop_.context(), [this, large, is_kept = kept.has_value(), ticket] {
      if (ticket != ticket_) return;
      if (is_kept) large_content_kept(std::move(large->parts), std::move(large->whole_output));
      settle();
    });
  });
}

void Execution::large_content_kept(std::vector<registry::Part> parts, std::optional<registry::Part> output) {
  outcome_.result.parts = std::move(parts);
  outcome_.result.truncated = true;
  outcome_.whole_output = std::move(output);
}

}  // namespace toolrack::call
