/// The tasks extension (io.modelcontextprotocol/tasks): a call that has become a job is a task to clients that say that
/// they know them.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <utility>

#include "transports/mcp/client_capabilities.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/task_json.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using base::ErrorCode;

RpcError task_error(const base::Error& error, std::string_view task) {
  if (error.name() == "job_not_found")
    return invalid_params(not_there("task", task,
                                    "tasks are known to the keys of their account only, and forgotten some time after "
                                    "their end; call the tool again"));
  if (error.code() == ErrorCode::kInvalidRequest) return invalid_params(error.message());
  return {.code = kInternalError, .http_status = 200, .message = error.message(), .data_json = {}};
}

}  // namespace

bool McpHandler::may_use_tasks(const Inbound& inbound, const Message& message, Answer& answer) {
  if (deps_.tasks.jobs == nullptr) {
    answer.message(404, error_message(message.id, {.code = kMethodNotFound,
                                                   .http_status = 404,
                                                   .message = "this gateway runs no jobs, and so has no tasks",
                                                   .data_json = {}}));
  } else if (!knows_tasks(*inbound.modern.capabilities)) {
    const auto error = needs_tasks();
    answer.message(error.http_status, error_message(message.id, error));
  } else if (inbound.principal->anonymous) {
    refuse_anonymous(message, answer);
  } else if (const auto allowed = call::require(*inbound.principal, accounts::Scope::kToolsCall); !allowed) {
    const auto status = info(allowed.error().code()).http_status;
    answer.message(status, error_message(message.id, {.code = kInvalidMessage,
                                                      .http_status = status,
                                                      .message = allowed.error().message(),
                                                      .data_json = {}}));
  } else {
    return true;
  }
  return false;
}

void McpHandler::serve_task(Inbound& inbound, const Message& message, Answer&& answer, TaskWork work) {
  if (!may_use_tasks(inbound, message, answer)) return;
  const auto* id = message.param("taskId");
  if (id == nullptr || !id->IsString())
    return answer.message(200, error_message(message.id, invalid_params(wrong_type("params.taskId", id, "a string"))));
  // Shared because std::function wants to be copied.
  const auto owed = std::make_shared<Answer>(std::move(answer));
  const auto posted = deps_.tasks.pool->post(
      [&jobs = *deps_.tasks.jobs, &loop = inbound.loop, request = std::string(message.id), owed,
       account = inbound.principal->account, task = std::string(json::view(*id)), work = std::move(work)]() mutable {
        const auto result = work(jobs, account, task);
        boost::asio::post(loop.context(), [owed = std::move(owed),
                                           text = result ? result_message(request, *result)
                                                         : error_message(request, task_error(result.error(), task))] {
          owed->message(200, text);
        });
      });
  if (!posted)
    owed->message(
        200, error_message(
                 message.id,
                 {.code = kInternalError, .http_status = 200, .message = "the gateway is stopping", .data_json = {}}));
}

void McpHandler::get_task(Inbound& inbound, const Message& message, Answer&& answer) {
  serve_task(
      inbound, message, std::move(answer),
      [](call::jobs::Jobs& jobs, const std::string& account, const std::string& task) -> base::Result<std::string> {
        return task_result(TRY(jobs.look(account, task)));
      });
}

void McpHandler::update_task(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto* given = message.param("inputResponses");
  const auto answers = std::make_shared<json::Document>();
  if (given != nullptr) answers->CopyFrom(*given, answers->GetAllocator());
  serve_task(
      inbound, message, std::move(answer),
      [answers, wrong = wrong_type("params.inputResponses", given, "an object")](
          call::jobs::Jobs& jobs, const std::string& account, const std::string& task) -> base::Result<std::string> {
        if (!answers->IsObject()) return base::fail(ErrorCode::kInvalidRequest, wrong);
        TRY(jobs.answer(account, task, *answers));
        return task_acknowledgement();
      });
}

void McpHandler::cancel_task(Inbound& inbound, const Message& message, Answer&& answer) {
  serve_task(
      inbound, message, std::move(answer),
      [](call::jobs::Jobs& jobs, const std::string& account, const std::string& task) -> base::Result<std::string> {
        TRY(jobs.find(account, task));
        jobs.cancel(account, task);
        return task_acknowledgement();
      });
}

void McpHandler::task_changed(std::string_view account, std::string_view id) {
  if (!task_followers_.begin_look(id)) return;
  const auto posted = deps_.tasks.pool->post([this, account = std::string(account), id = std::string(id)] {
    do tell_task(account, id);
    while (task_followers_.end_look(id));
  });
  if (!posted) task_followers_.end_look(id);
}

void McpHandler::tell_task(const std::string& account, const std::string& id) {
  const auto view = deps_.tasks.jobs->look(account, id);
  if (!view) return;  // It is forgotten, or the store says nothing now.
  const auto params = std::make_shared<const std::string>(task_params(*view));
  for (std::size_t i = 0; i < loops_.size(); ++i)
    boost::asio::post(deps_.loops[i].context(), [&streams = loops_[i]->streams, account, id, params] {
      streams.task_changed(account, id, params);
    });
}

}  // namespace toolrack::mcp
