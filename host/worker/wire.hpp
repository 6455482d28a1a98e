/// The structs of the ABI as fields of frames. What is read points into the frame's payload; boxes hold the arrays that
/// the structs point to, and must stay where they are while those are used.
#pragma once

#include <toolrack/abi.h>

#include <array>
#include <string_view>
#include <vector>

#include "worker/frame.hpp"

namespace toolrack::worker {

inline std::string_view view(tr_str text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline std::string_view view(const tr_buffer& bytes) noexcept {
  return bytes.data == nullptr ? std::string_view()
                               : std::string_view(static_cast<const char*>(bytes.data), bytes.size);
}
inline tr_str to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }

void put_result(FrameWriter& out, const tr_result& result);
struct ResultBox {
  tr_result result{};
  std::vector<tr_field> fields;
};
void get_result(FieldReader& in, ResultBox& box);

/// The bytes of its buffers are copied into the frame.
void put_part(FrameWriter& out, const tr_part& part);
tr_part get_part(FieldReader& in);

void put_outcome(FrameWriter& out, const tr_outcome& outcome);
struct OutcomeBox {
  tr_outcome outcome{};
  std::vector<tr_part> parts;
};
void get_outcome(FieldReader& in, OutcomeBox& box);

/// What TR_INFO_* says, by its number; the directory of the call is asked for apart.
using Infos = std::array<std::string_view, TR_INFO_META + 1>;
/// `log_level`: lines of the call from that level on are wanted. `blocking`: 0, or for a blocking skill one more than
/// the depth of the call.
void put_invocation(FrameWriter& out, const tr_invocation& invocation, const Infos& infos, bool is_recorded,
                    std::uint32_t log_level, std::uint32_t blocking);
struct InvocationBox {
  tr_invocation invocation{};
  tr_backend backend{};
  Infos infos;
  bool is_recorded = false;
  std::uint32_t log_level = 0;
  std::uint32_t blocking = 0;
};
void get_invocation(FieldReader& in, InvocationBox& box);

void put_pieces(FrameWriter& out, const tr_piece* pieces, std::size_t count);
std::vector<tr_piece> get_pieces(FieldReader& in);

/// Its sink aside.
void put_http_request(FrameWriter& out, const tr_http_request& request);
struct HttpRequestBox {
  tr_http_request request{};
  std::vector<tr_field> headers;
  std::vector<tr_piece> body;
  bool has_sink = false;
};
void get_http_request(FieldReader& in, HttpRequestBox& box);

}  // namespace toolrack::worker
