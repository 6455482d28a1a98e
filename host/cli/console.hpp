/// How commands tell what came of them: text for people, JSON for programs.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "cli/api.hpp"
#include "cli/program.hpp"

namespace toolrack::cli {

/// Every function that gives a number gives the exit code. Owner: the run of the program.
class Console {
 public:
  /// `output` outlives it.
  explicit Console(const Output& output) : output_(output) {}

  std::string format = "text";  ///< Or "json"; what --format says.
  bool is_json() const noexcept { return format == "json"; }

  const Output& output() const noexcept { return output_; }
  /// The gateway's reply to an operation.
  int show(std::string_view operation, const base::Result<ApiReply>& reply) const;
  int show_answer(std::string_view operation, const base::json::Value& answer) const;
  /// A text that is the whole answer.
  int report(const base::Result<std::string>& done) const;
  int complain(const base::Error& error) const;

 private:
  const Output& output_;
};

}  // namespace toolrack::cli
