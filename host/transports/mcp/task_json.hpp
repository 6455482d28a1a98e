/// Jobs in the words of the tasks extension (io.modelcontextprotocol/tasks): a task is a job, and has its id.
#pragma once

#include <string>

#include "base/json.hpp"
#include "call/call.hpp"
#include "call/jobs/jobs.hpp"

namespace toolrack::mcp {

/// The result of a request that has become a task: resultType "task". `request_id` is the gateway's own.
std::string created_task_result(const call::AcceptedJob& job, std::string_view request_id);

/// The result of tasks/get: resultType "complete", and the task with what its status brings along: the result of
/// tools/call (completed), a JSON-RPC error (failed), what it asks (input_required).
std::string task_result(const call::jobs::JobView& view);

/// The same task as the params of notifications/tasks: members without their braces.
std::string task_params(const call::jobs::JobView& view);

/// The result of tasks/update and tasks/cancel, which say nothing.
std::string task_acknowledgement();

}  // namespace toolrack::mcp
