/// toolrack.http/1, tools/1, assets/1, ask/1, once/1 and x-knowledge/0 in a worker: requests for the gateway, which
/// judges them.
#include <toolrack/draft/knowledge.h>

#include <utility>

#include "worker/runtime.hpp"

namespace toolrack::worker {
namespace {

/// Makes an operation of that kind; `put` writes its arguments.
template <typename Put>
tr_op ask_gateway(const tr_host* host, OperationKind kind, tr_call id, tr_done done, void* user, const Put& put) {
  auto& runtime = Runtime::of(host);
  const auto operation = runtime.make_operation(id, done, user);
  auto frame = runtime.begin_operation(*operation, kind, id);
  put(frame);
  return runtime.send_operation(operation, std::move(frame));
}

tr_op send_http(const tr_host* host, tr_call id, const tr_http_request* request, tr_done done, void* user) noexcept {
  auto& runtime = Runtime::of(host);
  const auto operation = runtime.make_operation(id, done, user);
  // One that is smaller than ours ends where its size says; the gateway refuses it.
  tr_http_request whole{};
  if (request != nullptr) {
    const bool is_whole = request->struct_size >= sizeof(tr_http_request);
    if (is_whole) whole = *request;
    whole.struct_size = is_whole ? sizeof whole : request->struct_size;
  }
  operation->sink = whole.sink;
  auto frame = runtime.begin_operation(*operation, OperationKind::kHttp, id);
  put_http_request(frame, whole);
  return runtime.send_operation(operation, std::move(frame));
}

tr_op call_tool(const tr_host* host, tr_call id, const tr_tool_request* request, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kToolsCall, id, done, user, [&](FrameWriter& out) {
    const bool is_whole = request != nullptr && request->struct_size >= sizeof(tr_tool_request);
    const tr_tool_request asked = is_whole ? *request : tr_tool_request{};
    out.u64(is_whole ? sizeof asked : 0).u32(asked.flags).u32(asked.timeout_ms);
    for (const auto text : {asked.skill, asked.args_json, asked.options_json, asked.idempotency_key})
      out.text(view(text));
  });
}

tr_op list_tools(const tr_host* host, tr_call id, tr_str pattern, tr_str cursor, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kToolsList, id, done, user,
                     [&](FrameWriter& out) { out.text(view(pattern)).text(view(cursor)); });
}

tr_op put_asset(const tr_host* host, tr_call id, tr_str name, tr_str media_type, const tr_piece* bytes,
                std::size_t count, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kAssetsPut, id, done, user, [&](FrameWriter& out) {
    out.text(view(name)).text(view(media_type));
    put_pieces(out, bytes, count);
  });
}

tr_op open_asset(const tr_host* host, tr_call id, tr_str name, tr_str media_type, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kAssetsOpen, id, done, user,
                     [&](FrameWriter& out) { out.text(view(name)).text(view(media_type)); });
}

tr_op append_asset(const tr_host* host, tr_call id, std::int64_t writer, tr_str bytes, tr_done done,
                   void* user) noexcept {
  return ask_gateway(host, OperationKind::kAssetsAppend, id, done, user,
                     [&](FrameWriter& out) { out.i64(writer).text(view(bytes)); });
}

tr_op close_asset(const tr_host* host, tr_call id, std::int64_t writer, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kAssetsClose, id, done, user, [&](FrameWriter& out) { out.i64(writer); });
}

tr_op stat_asset(const tr_host* host, tr_call id, tr_str asset, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kAssetsStat, id, done, user,
                     [&](FrameWriter& out) { out.text(view(asset)); });
}

tr_op read_asset(const tr_host* host, tr_call id, tr_str asset, std::uint64_t offset, std::uint64_t size, tr_done done,
                 void* user) noexcept {
  return ask_gateway(host, OperationKind::kAssetsRead, id, done, user,
                     [&](FrameWriter& out) { out.text(view(asset)).u64(offset).u64(size); });
}

tr_op search_knowledge(const tr_host* host, tr_call id, tr_str query_json, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kKnowledgeSearch, id, done, user,
                     [&](FrameWriter& out) { out.text(view(query_json)); });
}

tr_op ask_question(const tr_host* host, tr_call id, const tr_question* question, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kAskQuestion, id, done, user, [&](FrameWriter& out) {
    const bool is_whole = question != nullptr && question->struct_size >= sizeof(tr_question);
    const tr_question asked = is_whole ? *question : tr_question{};
    out.u64(is_whole ? sizeof asked : 0).u32(asked.type).u32(asked.flags);
    for (const auto text : {asked.key, asked.message, asked.params_json, asked.url}) out.text(view(text));
  });
}

tr_op begin_step(const tr_host* host, tr_call id, tr_str key, tr_done done, void* user) noexcept {
  return ask_gateway(host, OperationKind::kOnceBegin, id, done, user, [&](FrameWriter& out) { out.text(view(key)); });
}

tr_op end_step(const tr_host* host, tr_call id, tr_str key, tr_status status, tr_str value, tr_done done,
               void* user) noexcept {
  return ask_gateway(host, OperationKind::kOnceEnd, id, done, user,
                     [&](FrameWriter& out) { out.text(view(key)).i64(status).text(view(value)); });
}

}  // namespace

const tr_ask_api& ask_table() noexcept {
  static constexpr tr_ask_api kTable{sizeof(tr_ask_api), ask_question};
  return kTable;
}

const tr_once_api& once_table() noexcept {
  static constexpr tr_once_api kTable{sizeof(tr_once_api), begin_step, end_step};
  return kTable;
}

const tr_http_api& http_table() noexcept {
  static constexpr tr_http_api kTable{sizeof(tr_http_api), send_http};
  return kTable;
}

const tr_tools_api& tools_table() noexcept {
  static constexpr tr_tools_api kTable{sizeof(tr_tools_api), call_tool, list_tools};
  return kTable;
}

const tr_assets_api& assets_table() noexcept {
  static constexpr tr_assets_api kTable{sizeof(tr_assets_api), put_asset,  open_asset, append_asset,
                                        close_asset,           stat_asset, read_asset};
  return kTable;
}

const void* knowledge_table() noexcept {
  static constexpr tr_x_knowledge_api kTable{sizeof(tr_x_knowledge_api), search_knowledge, nullptr};
  return &kTable;
}

}  // namespace toolrack::worker
