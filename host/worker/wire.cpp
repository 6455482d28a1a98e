#include "worker/wire.hpp"

#include <algorithm>

namespace toolrack::worker {
namespace {

/// What a text takes at least: its size.
constexpr std::size_t kText = sizeof(std::uint32_t);

void put_fields(FrameWriter& out, const tr_field* fields, std::size_t count) {
  if (fields == nullptr) count = 0;
  out.u32(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) out.text(view(fields[i].name)).text(view(fields[i].value));
}

std::vector<tr_field> get_fields(FieldReader& in) {
  std::vector<tr_field> out(in.count(2 * kText));
  for (auto& field : out) {
    field.name = to_abi(in.text());
    field.value = to_abi(in.text());
  }
  return out;
}

tr_buffer to_borrowed(std::string_view bytes) { return {bytes.data(), bytes.size(), nullptr, nullptr}; }

}  // namespace

void put_result(FrameWriter& out, const tr_result& result) {
  out.u32(static_cast<std::uint32_t>(result.status)).u32(result.flags).i64(result.number).i64(result.retry_after_ns);
  for (const auto text : {result.body, result.meta_json, result.code, result.message, result.hint})
    out.text(view(text));
  put_fields(out, result.fields, result.field_count);
}

void get_result(FieldReader& in, ResultBox& box) {
  auto& result = box.result;
  result.struct_size = sizeof result;
  result.status = static_cast<tr_status>(in.u32());
  result.flags = in.u32();
  result.number = in.i64();
  result.retry_after_ns = in.i64();
  for (auto* text : {&result.body, &result.meta_json, &result.code, &result.message, &result.hint})
    *text = to_abi(in.text());
  box.fields = get_fields(in);
  result.fields = box.fields.data();
  result.field_count = box.fields.size();
}

void put_part(FrameWriter& out, const tr_part& part) {
  out.u32(part.type).u32(part.flags);
  for (const auto text : {part.text, part.media_type, part.uri, part.name, part.extra_json}) out.text(view(text));
  out.text(view(part.bytes));
}

tr_part get_part(FieldReader& in) {
  tr_part part{};
  part.type = in.u32();
  part.flags = in.u32();
  for (auto* text : {&part.text, &part.media_type, &part.uri, &part.name, &part.extra_json}) *text = to_abi(in.text());
  part.bytes = to_borrowed(in.text());
  return part;
}

void put_outcome(FrameWriter& out, const tr_outcome& outcome) {
  const auto part_count = outcome.parts == nullptr ? 0 : outcome.part_count;
  out.u64(outcome.struct_size).u32(static_cast<std::uint32_t>(outcome.status)).u32(outcome.flags);
  out.i64(outcome.retry_after_ns).i64(outcome.ttl_ns).text(view(outcome.output_json));
  for (const auto text : {outcome.code, outcome.message, outcome.hint, outcome.details_json, outcome.meta_json})
    out.text(view(text));
  out.u32(static_cast<std::uint32_t>(part_count));
  for (std::size_t i = 0; i < part_count; ++i) put_part(out, outcome.parts[i]);
}

void get_outcome(FieldReader& in, OutcomeBox& box) {
  auto& outcome = box.outcome;
  outcome.struct_size =
      std::min<std::uint64_t>(in.u64(), sizeof outcome);  // Smaller is its writer's mistake, told later.
  outcome.status = static_cast<tr_status>(in.u32());
  outcome.flags = in.u32();
  outcome.retry_after_ns = in.i64();
  outcome.ttl_ns = in.i64();
  outcome.output_json = to_borrowed(in.text());
  for (auto* text : {&outcome.code, &outcome.message, &outcome.hint, &outcome.details_json, &outcome.meta_json})
    *text = to_abi(in.text());
  const auto count = in.count(2 * sizeof(std::uint32_t) + 6 * kText);
  box.parts.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) box.parts.push_back(get_part(in));
  outcome.parts = box.parts.data();
  outcome.part_count = box.parts.size();
}

void put_invocation(FrameWriter& out, const tr_invocation& invocation, const Infos& infos, bool is_recorded,
                    std::uint32_t log_level, std::uint32_t blocking) {
  out.u32(invocation.kind).u32(invocation.index).u32(invocation.flags).u32(invocation.run);
  out.i64(invocation.deadline_ns).u32(is_recorded ? 1 : 0).u32(log_level).u32(blocking);
  for (const auto text : {invocation.name, invocation.args_json, invocation.checkpoint}) out.text(view(text));
  for (const auto info : infos) out.text(info);
  const auto* backend = invocation.backend;
  out.u32(backend == nullptr ? 0 : 1);
  if (backend == nullptr) return;
  out.u32(backend->flags).u32(backend->attempt);
  for (const auto text : {backend->provider, backend->base_url, backend->credential, backend->options_json})
    out.text(view(text));
}

void get_invocation(FieldReader& in, InvocationBox& box) {
  auto& invocation = box.invocation;
  invocation.struct_size = sizeof invocation;
  invocation.kind = in.u32();
  invocation.index = in.u32();
  invocation.flags = in.u32();
  invocation.run = in.u32();
  invocation.deadline_ns = in.i64();
  box.is_recorded = in.u32() != 0;
  box.log_level = in.u32();
  box.blocking = in.u32();
  for (auto* text : {&invocation.name, &invocation.args_json, &invocation.checkpoint}) *text = to_abi(in.text());
  for (auto& info : box.infos) info = in.text();
  if (in.u32() == 0) return;
  auto& backend = box.backend;
  backend.struct_size = sizeof backend;
  backend.flags = in.u32();
  backend.attempt = in.u32();
  for (auto* text : {&backend.provider, &backend.base_url, &backend.credential, &backend.options_json})
    *text = to_abi(in.text());
  invocation.backend = &backend;
}

void put_pieces(FrameWriter& out, const tr_piece* pieces, std::size_t count) {
  if (pieces == nullptr) count = 0;
  out.u32(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) out.text(view(pieces[i].bytes)).text(view(pieces[i].asset));
}

std::vector<tr_piece> get_pieces(FieldReader& in) {
  std::vector<tr_piece> out(in.count(2 * kText));
  for (auto& piece : out) {
    piece.bytes = to_abi(in.text());
    piece.asset = to_abi(in.text());
  }
  return out;
}

void put_http_request(FrameWriter& out, const tr_http_request& request) {
  out.u64(request.struct_size).u32(request.flags).u32(request.timeout_ms).u64(request.max_bytes);
  for (const auto text :
       {request.method, request.url, request.provider, request.credential, request.asset_name, request.asset_type})
    out.text(view(text));
  put_fields(out, request.headers, request.header_count);
  put_pieces(out, request.body, request.body_count);
  out.u32(request.sink != nullptr ? 1 : 0);
}

void get_http_request(FieldReader& in, HttpRequestBox& box) {
  auto& request = box.request;
  request.struct_size = std::min<std::uint64_t>(in.u64(), sizeof request);
  request.flags = in.u32();
  request.timeout_ms = in.u32();
  request.max_bytes = in.u64();
  for (auto* text : {&request.method, &request.url, &request.provider, &request.credential, &request.asset_name,
                     &request.asset_type})
    *text = to_abi(in.text());
  box.headers = get_fields(in);
  request.headers = box.headers.data();
  request.header_count = box.headers.size();
  box.body = get_pieces(in);
  request.body = box.body.data();
  request.body_count = box.body.size();
  box.has_sink = in.u32() != 0;
}

}  // namespace toolrack::worker
