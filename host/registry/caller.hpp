/// How a skill that runs calls skills of other tools. The call path implements it; sources reach it through an
/// Invocation, because the two folders do not know each other (docs/composition.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::registry {

/// Borrowed until `Caller::call_tool` has returned.
struct NestedRequest {
  std::string_view skill;       ///< "tool.skill", "owner/tool@1.skill".
  std::string_view input_json;  ///< Empty: {}.
  std::string_view
      options_json;             ///< What POST /v1/tools/call takes beside the input: backend, max_price, ...; or empty.
  std::int64_t timeout_ms = 0;  ///< 0: as long as the skill and its caller may take.
};

/// What it came to.
struct NestedReply {
  std::optional<base::Error> error;  ///< Empty: success.
  std::string output_json;           ///< May accompany an error, or be empty.
  std::string rest_json;             ///< The reply as REST would have had it, without the output.
  bool may_have_acted = false;       ///< It ran, and to run it once more could do something twice.
};

/// Called on the loop of the call that calls.
class NestedSink {
 public:
  /// Exactly once, perhaps before `call_tool` has returned.
  virtual void done(NestedReply reply) noexcept = 0;

 protected:
  ~NestedSink() = default;
};

/// Of one invocation, and good until that has been completed; by then every call has come to its end. On the
/// invocation's loop, and not inside a frame of a plugin.
class Caller {
 public:
  /// In the name, within the time and the price of the call that the invocation serves. `sink` lives until its `done`.
  /// Returns a ticket for `cancel_tool`, or 0 when it is done already.
  virtual std::uint64_t call_tool(const NestedRequest& request, NestedSink& sink) = 0;
  /// `done` comes soon. A stale ticket is ignored.
  virtual void cancel_tool(std::uint64_t ticket) = 0;
  /// {items: [{name, title, description, input, output?, price, ...}], next?}: the skills that `pattern` ("seo.*",
  /// "*"; empty: all) names, that the tool was granted and its caller may call. `cursor`: `next` of the page before.
  virtual base::Result<std::string> list_tools(std::string_view pattern, std::string_view cursor) = 0;

 protected:
  ~Caller() = default;
};

}  // namespace toolrack::registry
