/// tools/list and tools/call, the same in every era but for the words of their results.
#include <fmt/format.h>

#include "call/questions/asking.hpp"
#include "operations/use_tool.hpp"
#include "transports/mcp/client_capabilities.hpp"
#include "transports/mcp/input_required.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/param_headers.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/tool_result.hpp"
#include "transports/net/provider_keys.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

/// Most endpoints name no version, and need not be read for each call.
bool may_pin(std::string_view query) {
  return query.find("tools=") != std::string_view::npos &&
         (query.find('@') != std::string_view::npos || query.find("%40") != std::string_view::npos);
}

}  // namespace

void McpHandler::list_tools(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](std::string text) {
    answer.message(200, error_message(message.id, invalid_params(std::move(text))));
  };
  if (const auto* cursor = message.param("cursor")) return refuse(bad_cursor(*cursor));
  const auto exposure = registry::Exposure::parse(inbound.request.query);
  if (!exposure) return refuse(with_remedy(exposure.error()));
  auto& own = state(inbound.loop);
  const auto list = own.lists.result(*catalogue_of(inbound), *exposure, inbound.revision);
  if (!list) return refuse(with_remedy(list.error()));
  json::raw(own.response.begin(message.id), **list);
  answer.message(200, own.response.end());
  own.response.trim();
}

void McpHandler::call_tool(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](RpcError error) { answer.message(error.http_status, error_message(message.id, error)); };
  const auto name = message.params == nullptr ? std::nullopt : json::find_string(*message.params, "name");
  if (!name) return refuse(invalid_params(wrong_type("params.name", message.param("name"), "a string")));
  const auto* arguments = json::find(*message.params, "arguments");
  if (arguments != nullptr && !arguments->IsObject())
    return refuse(invalid_params(wrong_type("params.arguments", arguments, "an object")));

  if (const auto* entry = deps_.table.find(*name); entry != nullptr && entry->operation.meta_tool)
    return call_operation(inbound, message, *entry, std::move(answer));

  const auto& catalogue = *catalogue_of(inbound);
  const registry::Skill* skill = nullptr;
  std::string pinned;
  if (may_pin(inbound.request.query)) {
    const auto exposure = registry::Exposure::parse(inbound.request.query);
    const auto found = exposure ? exposure->find_flat(catalogue, *name) : tl::unexpected(exposure.error());
    if (!found) return refuse(invalid_params(with_remedy(found.error())));
    skill = *found;
    if (skill != nullptr) pinned = fmt::format("{}@{}", skill->tool->id(), skill->tool->version);
  } else {
    skill = catalogue.find_flat(*name);
  }
  if (skill == nullptr) return refuse(invalid_params(not_there("tool", *name, "tools/list names what there is")));
  if (inbound.revision >= Revision::k20260728 && !inbound.request.is_local_socket)
    if (auto error = check_param_headers(*skill, arguments, inbound.request.headers)) return refuse(*std::move(error));
  answer.observation().note_target(TargetKind::kTool, skill->manifest_flat_name());
  const bool takes_task = inbound.revision >= Revision::k20260728 && knows_tasks(*inbound.modern.capabilities);
  if (skill->job_only && inbound.revision >= Revision::k20260728 && !takes_task) return refuse(needs_tasks());
  call::CallRequest request;
  if (takes_task) request.job = call::JobUse::kIfLong;
  request.tool = *name;
  if (!pinned.empty()) {
    request.tool = pinned;
    request.skill = skill->name;
  }
  request.input_json = message.arguments;
  request.input = arguments;
  start_call(inbound, message, request, std::move(answer));
}

void McpHandler::call_operation(Inbound& inbound, const Message& message, const operations::Table::Entry& entry,
                                Answer&& answer) {
  answer.observation().note_target(TargetKind::kTool, entry.operation.name);
  static const json::Value nothing(rapidjson::kObjectType);
  const auto* arguments = json::find(*message.params, "arguments");
  if (arguments == nullptr) arguments = &nothing;
  if (entry.operation.kind == operations::Kind::kCall) {
    call::CallRequest request;
    request.job = call::JobUse::kIfLong;
    const auto input_json = message.nested_input.empty() ? message.nested_arguments : message.nested_input;
    if (const auto read = operations::read_use_tool(*arguments, input_json, request); !read) {
      answer.observation().note_tool_error();
      return answer.message(200, result_message(message.id, error_result(read.error(), inbound.revision)));
    }
    if (request.streams) {
      const base::Error error(base::ErrorCode::kInvalidRequest, "\"stream\" is for REST",
                              "Leave it out, and ask for progress with a progressToken in _meta.");
      answer.observation().note_tool_error();
      return answer.message(200, result_message(message.id, error_result(error, inbound.revision)));
    }
    return start_call(inbound, message, request, std::move(answer));
  }
  if (!entry.operation.open && inbound.principal->anonymous) return refuse_anonymous(message, answer);
  json::Document input;
  input.CopyFrom(*arguments, input.GetAllocator());
  // Shared because std::function wants to be copied.
  deps_.runner.run(inbound.loop, entry, inbound.principal, std::move(input), inbound.request.request_id,
                   [id = std::string(message.id), revision = inbound.revision,
                    shared = std::make_shared<Answer>(std::move(answer))](base::Result<operations::Answer> result) {
                     if (!result) shared->observation().note_tool_error();
                     const auto body =
                         result ? operation_result(result->view(), revision) : error_result(result.error(), revision);
                     shared->message(200, result_message(id, body));
                   });
}

void McpHandler::refuse_anonymous(const Message& message, Answer& answer) {
  const net::HeaderField challenge{"WWW-Authenticate", R"(Bearer realm="toolrack")"};
  answer.message(
      401,
      error_message(message.id,
                    {.code = kInvalidMessage, .http_status = 401, .message = "this needs an API key", .data_json = {}}),
      {&challenge, 1});
}

void McpHandler::start_call(Inbound& inbound, const Message& message, call::CallRequest& request, Answer&& answer,
                            ToolCalls::Form form) {
  if (inbound.principal->anonymous) return refuse_anonymous(message, answer);
  registry::ProviderKeysRef provider_keys;
  if (net::has_provider_keys(inbound.request.headers)) {
    auto read = net::read_provider_keys(inbound.request.headers);
    if (!read) return answer.message(200, error_message(message.id, invalid_params(read.error().message())));
    provider_keys = *std::move(read);
    request.provider_keys = &provider_keys;
  }
  request.principal = &inbound.principal;
  request.request_id = inbound.request.request_id;
  request.transport = inbound.request.is_local_socket ? "stdio" : "mcp";
  request.client = inbound.request.headers.get(net::HeaderName::kUserAgent);
  request.traceparent = answer.observation().traceparent();
  request.meta_json = message.meta_json;
  request.received_ns = inbound.request.received_ns;
  request.wants_progress = !message.progress_token.empty();
  request.log_level = log_level(inbound);
  if (request.kind == registry::Kind::kSkill) {
    request.content = &content_limits_;
    answer.observation().note_input(request.input_json);
  }
  call::Asking asking;
  if (request.kind == registry::Kind::kCompletion) {
    // A completion is a courtesy that nobody is asked for.
  } else if (inbound.revision >= Revision::k20260728) {
    if (const auto error = read_asking(message, *inbound.modern.capabilities, asking))
      return answer.message(error->http_status, error_message(message.id, *error));
  } else if (inbound.can_ask != 0) {
    asking = {.kinds = inbound.can_ask, .waits = true, .method = message.method, .state = {}};
  }
  if (is_of_use(asking)) request.asking = &asking;
  state(inbound.loop)
      .calls.start(inbound.loop, request, message,
                   {.revision = inbound.revision,
                    .session = inbound.session,
                    .form = form,
                    .takes_task = request.job != call::JobUse::kNever && inbound.revision >= Revision::k20260728 &&
                                  knows_tasks(*inbound.modern.capabilities)},
                   std::move(answer));
}

}  // namespace toolrack::mcp
