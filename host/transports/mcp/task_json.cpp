#include "transports/mcp/task_json.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "call/questions/question_words.hpp"
#include "transports/mcp/client_capabilities.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/result_meta.hpp"
#include "transports/mcp/tool_result.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using call::jobs::JobView;
using call::jobs::Status;

/// How often it is worth while to ask.
constexpr int kPollIntervalMs = 1'000;
constexpr std::int64_t kMillisecondNs = 1'000'000;

/// The times that every task tells.
struct TaskTimes {
  std::int64_t created_ns, changed_ns, kept_until_ns;
};

void write_head(json::Writer& writer, std::string_view id, std::string_view status, const TaskTimes& times) {
  json::put_member(writer, "taskId", id);
  json::put_member(writer, "status", status);
  json::put_member(writer, "createdAt", base::to_rfc3339(times.created_ns).text);
  json::put_member(writer, "lastUpdatedAt", base::to_rfc3339(times.changed_ns).text);
  json::key(writer, "ttlMs");
  writer.Int64((times.kept_until_ns - times.created_ns) / kMillisecondNs);
  json::key(writer, "pollIntervalMs");
  writer.Int(kPollIntervalMs);
}

/// What is no result of a tool: a capability that the client lacks, or a failure of the gateway or of the tool's own
/// making, about which a model can do nothing.
bool is_protocol_error(const JobView& view, const json::Value& error) {
  return view.job.cannot_ask != 0 || json::find_string(error, "type") == base::to_string(base::ErrorType::kInternal);
}

std::string_view status_of(const JobView& view, const json::Value& error) {
  switch (view.job.status) {
    case Status::kQueued:
    case Status::kRunning:
      return "working";
    case Status::kInputRequired:
      return "input_required";
    case Status::kCompleted:
      return "completed";
    case Status::kFailed:
      return is_protocol_error(view, error) ? "failed" : "completed";
    case Status::kCancelled:
      break;
  }
  return "cancelled";
}

void write_protocol_error(json::Writer& writer, const JobView& view, const json::Value& error) {
  const auto lacks = view.job.cannot_ask;
  writer.StartObject();
  json::key(writer, "code");
  writer.Int(lacks != 0 ? kMissingCapability : kInternalError);
  json::put_member(writer, "message", lacks != 0 ? kLacksCapability : json::find_string(error, "message").value_or(""));
  json::key(writer, "data");
  writer.StartObject();
  if (lacks != 0) {
    json::key(writer, "requiredCapabilities");
    json::raw(writer, required_capabilities(lacks));
  } else {
    json::put_member(writer, "code", json::find_string(error, "code").value_or(""));
  }
  writer.EndObject();
  writer.EndObject();
}

/// The members of a task, of whatever status.
void write_task(json::Writer& writer, const JobView& view) {
  const auto& job = view.job;
  const auto parsed = json::parse(job.error_json.empty() ? "{}" : job.error_json);
  static const json::Value nothing(rapidjson::kObjectType);
  const json::Value& error = parsed ? static_cast<const json::Value&>(*parsed) : nothing;
  const auto status = status_of(view, error);
  write_head(writer, job.id, status,
             {.created_ns = job.created_ns, .changed_ns = view.changed_ns, .kept_until_ns = view.kept_until_ns});
  if (status == "working" && job.progress) json::put_member(writer, "statusMessage", to_text(*job.progress));
  if (status == "cancelled")
    json::put_member(writer, "statusMessage", json::find_string(error, "message").value_or(""));
  if (status == "input_required") {
    json::key(writer, "inputRequests");
    call::write_questions(writer, view.questions);
  } else if (status == "completed") {
    json::key(writer, "result");
    write_kept_result(writer, view);
  } else if (status == "failed") {
    json::key(writer, "error");
    write_protocol_error(writer, view, error);
  }
}

/// `members` writes what stands beside resultType and _meta.
template <typename Members>
std::string result_of(std::string_view type, std::string_view request_id, const Members& members) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::put_member(writer, "resultType", type);
  members(writer);
  write_result_meta(writer, CallFacts{.request_id = request_id, .cost_usd = {}, .truncated = false, .meta_json = {}},
                    Revision::k20260728);
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace

std::string created_task_result(const call::AcceptedJob& job, std::string_view request_id) {
  return result_of("task", request_id, [&](json::Writer& writer) {
    write_head(writer, job.id, "working",
               {.created_ns = job.created_unix_ns,
                .changed_ns = job.created_unix_ns,
                .kept_until_ns = job.created_unix_ns + job.keep_ns});
  });
}

std::string task_result(const JobView& view) {
  return result_of("complete", {}, [&](json::Writer& writer) { write_task(writer, view); });
}

std::string task_params(const JobView& view) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  write_task(writer, view);
  writer.EndObject();
  const auto object = json::view(buffer);
  return std::string(object.substr(1, object.size() - 2));
}

std::string task_acknowledgement() {
  return result_of("complete", {}, [](json::Writer&) {});
}

}  // namespace toolrack::mcp
