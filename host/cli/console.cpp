#include "cli/console.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/error_json.hpp"
#include "cli/exit_code.hpp"
#include "cli/present.hpp"

namespace toolrack::cli {
namespace {

namespace json = base::json;

}  // namespace

void Output::write(std::string_view text) const {
  if (out != nullptr)
    out->append(text);
  else
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void Output::complain(std::string_view text) const {
  if (err != nullptr)
    err->append(text);
  else
    std::fwrite(text.data(), 1, text.size(), stderr);
}

int Console::show(std::string_view operation, const base::Result<ApiReply>& reply) const {
  if (!reply) return complain(reply.error());
  const auto answer = json::parse(reply->body, {.max_bytes = 256 << 20, .max_values = 10'000'000});
  if (!answer)
    return complain(
        base::Error(base::ErrorCode::kInternal, fmt::format("the gateway answered {} with no JSON", reply->status)));
  return show_answer(operation, *answer);
}

int Console::show_answer(std::string_view operation, const json::Value& answer) const {
  const auto* error = json::find(answer, "error");
  if (error != nullptr && !error->IsObject()) error = nullptr;  // Of a job that failed: what was asked for.
  if (is_json())
    output_.write(json::dump_pretty(answer) + "\n");
  else if (error == nullptr)
    output_.write(present(operation, answer));
  if (operation == "use_tool" && json::find_string(answer, "status") == "input_required") return kInvalid;
  if (error == nullptr) return kOk;
  if (!is_json()) output_.complain(present_error(*error));
  return exit_code(json::find_string(*error, "type").value_or("internal"));
}

int Console::report(const base::Result<std::string>& done) const {
  if (!done) return complain(done.error());
  output_.write(*done);
  return kOk;
}

int Console::complain(const base::Error& error) const {
  if (is_json()) {
    output_.write(fmt::format("{{\"error\":{}}}\n", base::error_json(error)));
  } else if (const auto parsed = json::parse(base::error_json(error))) {
    output_.complain(present_error(*parsed));
  }
  return error.code() == base::ErrorCode::kUnavailable ? int{kUnreachable} : exit_code(error.type());
}

}  // namespace toolrack::cli
