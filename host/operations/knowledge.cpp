/// Searching what tools bring to read.
#include "services/knowledge/knowledge.hpp"

#include <string>

#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"
#include "registry/versions.hpp"

namespace toolrack::operations {
namespace {

using base::json::find_string;

constexpr std::int64_t kDefaultPassages = 5;

base::Result<Answer> search_knowledge(Services& services, const Context& context) {
  if (services.knowledge == nullptr)
    return base::fail(base::ErrorCode::kUnavailable, "this gateway searches no knowledge");
  services::knowledge::Query query;
  query.text = find_string(context.input, "query").value_or(find_string(context.input, "q").value_or(""));
  query.limit = static_cast<std::size_t>(base::json::find_int(context.input, "limit").value_or(kDefaultPassages));
  query.may_embed = !context.principal->anonymous;  // Strangers shall not spend the operator's money.
  if (query.text.empty())
    return base::fail(base::ErrorCode::kInvalidRequest, "query is missing", "Say what to look for.");
  const auto catalogue = services.catalogue.load(context.principal->tools.get());
  if (const auto name = find_string(context.input, "tool"); name && !name->empty() && *name != "*") {
    const auto* tool = TRY(catalogue->find_tool(*name));
    query.tool = registry::original_of(*catalogue, *tool);
    if (tool->knowledge.empty()) query.among.emplace();  // The caller has only some of its skills, or it has none.
  } else if (catalogue->whole() != nullptr) {
    query.among.emplace();
    for (const auto* tool : catalogue->tools())
      if (!tool->knowledge.empty()) query.among->push_back(registry::original_of(*catalogue, *tool));
  }
  const auto found = TRY(services.knowledge->search(query));
  return Answer{.json = to_json(found)};
}

}  // namespace

std::vector<Operation> knowledge_operations() {
  return {
      {.name = "search_knowledge",
       .aliases = {"knowledge_search"},
       .method = "GET",
       .path = "/v1/knowledge/search",
       .cli = "knowledge",
       .cli_positional = "tool query",
       .open = true,
       .meta_tool = true,
       .kind = Kind::kTransfers,
       .title = "Search knowledge",
       .description = "Find passages of what tools bring to read: what their results mean, how to act on them, what to "
                      "know before using them. Ask in your own words.",
       .input_schema = R"({"type":"object","properties":{
"tool":{"type":"string","maxLength":256,"description":"Only this tool's documents: slug, alias, or tool@version. Nothing or *: those of all tools."},
"query":{"type":"string","maxLength":2000,"description":"What to look for; a whole question is fine."},
"q":{"type":"string","maxLength":2000,"description":"The same as query."},
"limit":{"type":"integer","minimum":1,"maximum":50,"description":"At most this many passages; 5 unless told."}},
"additionalProperties":false})",
       .run = search_knowledge},
  };
}

}  // namespace toolrack::operations
