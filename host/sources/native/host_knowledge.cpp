/// toolrack.x-knowledge/0, a draft: the documents of the plugin's own tool, searched for a skill of it.
#include <toolrack/draft/knowledge.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "services/knowledge/knowledge.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

namespace json = base::json;
namespace knowledge = services::knowledge;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::int64_t kDefaultPassages = 5;
constexpr std::int64_t kMostPassages = 50;
constexpr std::size_t kLongestQuery = 8 << 10;

/// {query, limit?}.
Result<knowledge::Query> read_query(std::string_view text) {
  const auto document = TRY(json::parse(text));
  const auto asked = json::find_string(document, "query");
  if (!asked || asked->empty())
    return fail(ErrorCode::kInvalidRequest, "the query has no text", R"(Give {"query": "...", "limit": 5}.)");
  if (asked->size() > kLongestQuery) return fail(ErrorCode::kInvalidRequest, "the query is longer than 8 KiB");
  const auto limit = json::find_int(document, "limit").value_or(kDefaultPassages);
  return knowledge::Query{.text = std::string(*asked),
                          .limit = static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, kMostPassages))};
}

class KnowledgeOperation final : public Operation {
 public:
  using Operation::Operation;

  void begin(knowledge::Knowledge& service, knowledge::Query query) {
    const auto posted = service.search_soon(
        std::move(query), [self = boost::intrusive_ptr(this)](const Result<knowledge::Found>& found) {
          if (!found) return static_cast<void>(self->end(OperationResult::from(found.error())));
          OperationResult result;
          result.number = static_cast<std::int64_t>(found->hits.size());
          result.body = std::make_unique<std::string>(knowledge::to_json(*found));
          self->end(std::move(result));
        });
    if (!posted) end(OperationResult::from({ErrorCode::kUnavailable, "the gateway is stopping"}));
  }
};

tr_op search(const tr_host* host, tr_call behalf, tr_str query_json, tr_done done, void* user) noexcept {
  constexpr std::string_view kFunction = "knowledge.search";
  auto query = read_query(view(query_json));
  if (!query) return end_operation(host, behalf, kFunction, done, user, OperationResult::from(query.error()));
  auto& instance = Instance::of(host);
  // Null once the module is being closed: then there is nothing of it to search.
  query->tool = instance.module().tool();
  if (query->tool == nullptr)
    return end_operation(host, behalf, kFunction, done, user, OperationResult::cancelled("the tool is being removed"));
  auto& service = *instance.runtime().environment().knowledge;
  const auto recorded = [&] { return "{\"request\":" + json::quote(view(query_json)) + "}"; };
  return start_recorded<KnowledgeOperation>(
      host, behalf, kFunction, done, user, recorded,
      [&](KnowledgeOperation& operation) { operation.begin(service, *std::move(query)); });
}

}  // namespace

const tr_x_knowledge_api& knowledge_service() noexcept {
  static constexpr tr_x_knowledge_api kTable{sizeof(tr_x_knowledge_api), search, nullptr};
  return kTable;
}

}  // namespace toolrack::sources::native
