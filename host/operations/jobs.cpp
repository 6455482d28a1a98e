/// Jobs of the caller's account: ask for one, wait for it, cancel it, list them.
#include "call/jobs/jobs.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using base::json::find_int;
using base::json::find_string;
using call::jobs::Jobs;

constexpr std::int64_t kDefaultJobs = 100;
/// How long the answer to a cancellation waits for the job's end, so that it can tell of it.
constexpr std::chrono::seconds kCancelPatience{2};

base::Result<Jobs*> jobs_of(Services& services) {
  if (services.jobs == nullptr) return base::fail(base::ErrorCode::kUnavailable, "this gateway runs no jobs");
  return services.jobs;
}

base::Result<Answer> describe_job(Services& services, const Context& context) {
  auto& jobs = *TRY(jobs_of(services));
  return Answer{.json = TRY(jobs.describe(context.principal->account, *find_string(context.input, "job_id")))};
}

void await_job(Services& services, const Context& context, base::Loop& loop, std::function<void()> ready) {
  const auto wait = std::chrono::seconds(find_int(context.input, "wait").value_or(0));
  if (services.jobs == nullptr) return ready();
  services.jobs->await_end(context.principal->account, *find_string(context.input, "job_id"), wait, loop,
                           std::move(ready));
}

void cancel_job(Services& services, const Context& context, base::Loop& loop, std::function<void()> ready) {
  if (services.jobs == nullptr) return ready();
  const auto& account = context.principal->account;
  const auto id = *find_string(context.input, "job_id");
  services.jobs->cancel(account, id);
  services.jobs->await_end(account, id, kCancelPatience, loop, std::move(ready));
}

base::Result<Answer> answer_job(Services& services, const Context& context) {
  auto& jobs = *TRY(jobs_of(services));
  TRY(jobs.answer(context.principal->account, *find_string(context.input, "job_id"),
                  *base::json::find(context.input, "answers")));
  return describe_job(services, context);
}

base::Result<Answer> list_jobs(Services& services, const Context& context) {
  auto& jobs = *TRY(jobs_of(services));
  const auto limit = static_cast<std::size_t>(find_int(context.input, "limit").value_or(kDefaultJobs));
  const auto found =
      TRY(jobs.list(context.principal->account, find_string(context.input, "after").value_or(""), limit));
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  base::json::key(writer, "jobs");
  writer.StartArray();
  for (const auto& job : found) {
    writer.StartObject();
    call::jobs::write_members(writer, job);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return Answer{.json = std::string(base::json::view(buffer))};
}

}  // namespace

std::vector<Operation> job_operations() {
  return {
      {.name = "get_job_result",
       .aliases = {"job_get"},
       .method = "GET",
       .path = "/v1/jobs/:job_id",
       .cli = "jobs show",
       .cli_positional = "job_id",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Look at a job",
       .description =
           "How far a call is that was answered with a job_id, and what it came to: status is queued, running, "
           "input_required, completed, failed or cancelled; result is the reply that the call would have had; "
           "questions "
           "are what it has asked, for answer_job.",
       .input_schema = R"({"type":"object","properties":{
"job_id":{"type":"string","minLength":1,"maxLength":64,"description":"The job's id."},
"wait":{"type":"integer","minimum":0,"maximum":30,"description":"Answer when the job has ended or asks, or after so many seconds."}},
"required":["job_id"],"additionalProperties":false})",
       .run = describe_job,
       .before = await_job},
      {.name = "answer_job",
       .aliases = {"job_answer"},
       .method = "POST",
       .path = "/v1/jobs/:job_id/answers",
       .cli = "jobs answer",
       .cli_positional = "job_id",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Answer a job",
       .description =
           "Answers what a job has asked, or some of it, and answers with the job. What it has not asked is ignored.",
       .input_schema = R"({"type":"object","properties":{
"job_id":{"type":"string","minLength":1,"maxLength":64,"description":"The job's id."},
"answers":{"type":"object","description":"The answer to each question, by its key, as the result of its method: {\"who\": {\"action\": \"accept\", \"content\": {\"name\": \"Ada\"}}}."}},
"required":["job_id","answers"],"additionalProperties":false})",
       .annotations = R"({"readOnlyHint":false,"destructiveHint":false,"openWorldHint":false})",
       .run = answer_job},
      {.name = "cancel_job",
       .aliases = {"job_cancel"},
       .method = "POST",
       .path = "/v1/jobs/:job_id/cancel",
       .cli = "jobs cancel",
       .cli_positional = "job_id",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Cancel a job",
       .description = "Has a job end, and answers with the job. Nothing happens to one that has ended.",
       .input_schema = R"({"type":"object","properties":{
"job_id":{"type":"string","minLength":1,"maxLength":64,"description":"The job's id."}},
"required":["job_id"],"additionalProperties":false})",
       .annotations = R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true,"openWorldHint":false})",
       .run = describe_job,
       .before = cancel_job},
      {.name = "list_jobs",
       .aliases = {"job_list"},
       .method = "GET",
       .path = "/v1/jobs",
       .cli = "jobs list",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "List jobs",
       .description = "The account's jobs, the newest first, without what they came to.",
       .input_schema = R"({"type":"object","properties":{
"after":{"type":"string","maxLength":64,"description":"The last job_id of the page before."},
"limit":{"type":"integer","minimum":1,"maximum":1000,"description":"At most so many; 100 unless told."}},
"additionalProperties":false})",
       .run = list_jobs},
  };
}

}  // namespace toolrack::operations
