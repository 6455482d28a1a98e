#include "transports/mcp/input_required.hpp"

#include <fmt/format.h>

#include "call/questions/question_words.hpp"
#include "transports/mcp/client_capabilities.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

}  // namespace

std::optional<RpcError> read_asking(const Message& message, const json::Value& capabilities, call::Asking& asking) {
  asking.method = message.method;
  asking.kinds = can_ask(capabilities, Revision::k20260728);
  if (const auto* state = json::find(*message.params, "requestState")) {
    if (!state->IsString()) return invalid_params(wrong_type("params.requestState", state, "a string"));
    if (state->GetStringLength() == 0)
      return invalid_params("params.requestState is empty; it must be the text that was given out");
    asking.state = json::view(*state);
  }
  if (const auto* answers = json::find(*message.params, "inputResponses")) {
    if (!answers->IsObject()) return invalid_params(wrong_type("params.inputResponses", answers, "an object"));
    asking.answers = answers;
  }
  return std::nullopt;
}

void write_input_required(json::Writer& writer, const call::Suspension& suspension) {
  writer.StartObject();
  json::key(writer, "resultType");
  json::put(writer, "input_required");
  json::key(writer, "inputRequests");
  call::write_questions(writer, suspension.questions);
  json::key(writer, "requestState");
  json::put(writer, suspension.state);
  json::key(writer, "_meta");
  writer.StartObject();
  json::key(writer, kMetaServerInfo);
  json::raw(writer, server_info_json());
  writer.EndObject();
  writer.EndObject();
}

std::optional<RpcError> refusal_of(const call::CallOutcome& outcome, Revision revision) {
  if (revision < Revision::k20260728 || outcome.ok()) return std::nullopt;
  const auto& error = *outcome.result.error;
  if (error.name() == "invalid_request_state" || error.name() == "invalid_answer")
    return invalid_params(error.hint().empty() ? std::string(error.message())
                                               : fmt::format("{}. {}", error.message(), error.hint()));
  if (outcome.result.cannot_ask == 0 || error.code() != base::ErrorCode::kUnimplemented) return std::nullopt;
  return RpcError{.code = kMissingCapability,
                  .http_status = 400,
                  .message = std::string(kLacksCapability),
                  .data_json = R"({"requiredCapabilities":)" + required_capabilities(outcome.result.cannot_ask) + "}"};
}

}  // namespace toolrack::mcp
