/// Calls of the caller's account that wait for a person: list them, look at one, approve or reject it.
#include "call/approvals.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using base::json::find_string;

base::Result<call::Approvals*> approvals_of(Services& services) {
  if (services.approvals == nullptr)
    return base::fail(base::ErrorCode::kUnavailable, "this gateway keeps no approvals");
  return services.approvals;
}

Answer answer_with(const call::Approval& approval) {
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  call::write_members(writer, approval);
  writer.EndObject();
  return Answer{.json = std::string(base::json::view(buffer))};
}

base::Result<Answer> list_approvals(Services& services, const Context& context) {
  auto& approvals = *TRY(approvals_of(services));
  const auto found = TRY(approvals.list(context.principal->account));
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  base::json::key(writer, "approvals");
  writer.StartArray();
  for (const auto& approval : found) {
    writer.StartObject();
    call::write_members(writer, approval);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return Answer{.json = std::string(base::json::view(buffer))};
}

base::Result<Answer> get_approval(Services& services, const Context& context) {
  auto& approvals = *TRY(approvals_of(services));
  return answer_with(TRY(approvals.find(context.principal->account, *find_string(context.input, "approval_id"))));
}

base::Result<Answer> decide(Services& services, const Context& context, bool approves) {
  auto& approvals = *TRY(approvals_of(services));
  const auto& principal = *context.principal;
  return answer_with(
      TRY(approvals.decide(principal.account, *find_string(context.input, "approval_id"), approves, principal.key_id)));
}

base::Result<Answer> approve_call(Services& services, const Context& context) {
  return decide(services, context, true);
}
base::Result<Answer> reject_call(Services& services, const Context& context) {
  return decide(services, context, false);
}

constexpr std::string_view kIdSchema = R"({"type":"object","properties":{
"approval_id":{"type":"string","minLength":1,"maxLength":64,"description":"The id that the refused call was answered with."}},
"required":["approval_id"],"additionalProperties":false})";
constexpr std::string_view kDecides =
    R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":false})";

}  // namespace

std::vector<Operation> approval_operations() {
  return {
      {.name = "list_approvals",
       .method = "GET",
       .path = "/v1/approvals",
       .cli = "approvals list",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "List approvals",
       .description = "The account's calls that a person has to agree to before they run, the oldest first.",
       .input_schema = R"({"type":"object","properties":{},"additionalProperties":false})",
       .run = list_approvals},
      {.name = "get_approval",
       .method = "GET",
       .path = "/v1/approvals/:approval_id",
       .cli = "approvals show",
       .cli_positional = "approval_id",
       .scope = accounts::Scope::kToolsCall,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Look at an approval",
       .description =
           "Which call it is about, and whether it was approved or rejected. One whose call has run is gone.",
       .input_schema = kIdSchema,
       .run = get_approval},
      // No meta-tools: who asks for something must not be who agrees to it.
      {.name = "approve_call",
       .method = "POST",
       .path = "/v1/approvals/:approval_id/approve",
       .cli = "approvals approve",
       .cli_positional = "approval_id",
       .scope = accounts::Scope::kApprovalsWrite,
       .kind = Kind::kWaits,
       .title = "Approve a call",
       .description = "Lets the call run once, when it is made again within 15 minutes.",
       .input_schema = kIdSchema,
       .annotations = kDecides,
       .run = approve_call},
      {.name = "reject_call",
       .method = "POST",
       .path = "/v1/approvals/:approval_id/reject",
       .cli = "approvals reject",
       .cli_positional = "approval_id",
       .scope = accounts::Scope::kApprovalsWrite,
       .kind = Kind::kWaits,
       .title = "Reject a call",
       .description = "Refuses the call for 15 minutes.",
       .input_schema = kIdSchema,
       .annotations = kDecides,
       .run = reject_call},
  };
}

}  // namespace toolrack::operations
