/// Bytes of a worker process -> frames -> the structs of the ABI.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "worker/frame.hpp"
#include "worker/wire.hpp"

namespace toolrack::fuzz {
namespace {

using namespace worker;

struct Seen {
  std::vector<std::pair<std::uint32_t, std::string>> frames;
  bool is_broken = false;
  bool operator==(const Seen&) const = default;
};

Seen read(const std::vector<std::string_view>& pieces) {
  FrameReader reader;
  Seen seen;
  for (auto piece : pieces) {
    while (!piece.empty()) {
      const auto room = reader.room();
      require(!room.empty(), "there is room for more");
      require(room.size() <= 128U << 10, "no more is reserved than came");
      const auto size = std::min(room.size(), piece.size());
      std::copy_n(piece.data(), size, room.data());
      reader.filled(size);
      piece.remove_prefix(size);
      while (const auto frame = reader.next())
        seen.frames.emplace_back(static_cast<std::uint32_t>(frame->type), std::string(frame->payload));
    }
  }
  seen.is_broken = reader.is_broken();
  return seen;
}

template <typename Put>
std::string written(const Put& put) {
  FrameWriter out(FrameType::kLog, 0);
  put(out);
  return std::move(out).take();
}

/// Reads `payload` with `get` and writes it with `put`; what comes of that must stay as it is from then on.
template <typename Box, typename Get, typename Put>
void check_struct(std::string_view payload, const Get& get, const Put& put) {
  FieldReader in(payload);
  Box box;
  get(in, box);
  if (!in.is_whole()) return;
  const auto once = written([&](FrameWriter& out) { put(out, box); });
  FieldReader again(std::string_view(once).substr(16));
  Box second;
  get(again, second);
  require(again.is_whole(), "what was written can be read");
  require(written([&](FrameWriter& out) { put(out, second); }) == once, "and says the same");
}

void check_payload(std::string_view payload) {
  check_struct<ResultBox>(payload, get_result, [](FrameWriter& out, ResultBox& box) { put_result(out, box.result); });
  check_struct<OutcomeBox>(payload, get_outcome,
                           [](FrameWriter& out, OutcomeBox& box) { put_outcome(out, box.outcome); });
  check_struct<InvocationBox>(payload, get_invocation, [](FrameWriter& out, InvocationBox& box) {
    put_invocation(out, box.invocation, box.infos, box.is_recorded, box.log_level, box.blocking);
  });
  check_struct<HttpRequestBox>(payload, get_http_request, [](FrameWriter& out, HttpRequestBox& box) {
    static const tr_http_sink kSink{sizeof(tr_http_sink), nullptr, nullptr, nullptr};
    box.request.sink = box.has_sink ? &kSink : nullptr;
    put_http_request(out, box.request);
  });
}

}  // namespace

void check(std::string_view bytes) {
  const auto expected = read({bytes});
  require(read(cut(bytes, 0)) == expected, "where the bytes are cut changes nothing");
  require(read(cut_all(bytes)) == expected, "nor when they come one by one");
  for (const auto& [type, payload] : expected.frames) check_payload(payload);
  check_payload(bytes);
}

}  // namespace toolrack::fuzz
