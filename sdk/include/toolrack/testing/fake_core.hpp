/// Calls, operations and misuse of a FakeHost; the services build on it.
#pragma once

#include <toolrack/testing/fake_call.hpp>
#include <toolrack/testing/fake_loop.hpp>
#include <toolrack/testing/json_value.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// Keeps the host's half of the contract in abi.h and notes every breach of the plugin's half in `misuse`.
class FakeCore {
 public:
  explicit FakeCore(std::uint64_t seed) : loop(seed) {}

  void blame(std::string what) { misuse.push_back(std::move(what)); }
  /// Text that the plugin hands over has to be UTF-8; JSON has to be JSON, or empty.
  std::string text(tr_str from, const char* what) {
    std::string copy = view(from).str();
    if (!is_utf8(copy)) blame(std::string(what) + " is not UTF-8");
    return copy;
  }
  std::string json(std::string_view from, const char* what) {
    if (!from.empty() && !is_json(from)) blame(std::string(what) + " is not JSON: " + std::string(from.substr(0, 200)));
    return std::string(from);
  }
  /// Copies the bytes and gives the buffer back, as a host does in any case.
  static std::string take(const tr_buffer& buffer) {
    std::string copy =
        buffer.data == nullptr ? std::string() : std::string(static_cast<const char*>(buffer.data), buffer.size);
    if (buffer.release != nullptr) buffer.release(buffer.owner);
    return copy;
  }
  SeenPart take(const tr_part& part) {
    if (part.type < TR_PART_TEXT || part.type > TR_PART_JSON)
      blame("a part has the unknown type " + std::to_string(part.type));
    SeenPart seen;
    seen.type = part.type;
    seen.text = text(part.text, "a part's text");
    seen.media_type = text(part.media_type, "a part's media type");
    seen.uri = text(part.uri, "a part's URI");
    seen.name = text(part.name, "a part's name");
    seen.bytes = take(part.bytes);
    seen.extra_json = json(view(part.extra_json), "a part's extra_json");
    return seen;
  }

  /// Enters the plugin on behalf of `call`.
  template <class F>
  void frame(tr_call call, F enter) {
    frames.push_back(call);
    enter();
    frames.pop_back();
  }
  bool is_in_frame_of(tr_call call) const noexcept { return !frames.empty() && frames.back() == call; }

  /// The call, or nullptr (noted) when it has completed. Call 0 has no FakeCall and is always fine.
  FakeCall* find(tr_call call, const char* function) {
    if (!is_started) blame(std::string(function) + "() before start()");
    if (call == 0) return nullptr;
    const auto found = active.find(call);
    if (found != active.end()) return found->second;
    blame(std::string(function) + "() for call " + std::to_string(call) + ", which " +
          (call < next_call ? "has completed" : "never was"));
    return nullptr;
  }

  struct Op {
    tr_call call;
    tr_done done;
    void* user;
    FakeReply reply;
    std::string recorded_as;  // Empty: not recorded.
    const tr_http_sink* sink = nullptr;
    std::size_t sent = 0;
    bool is_headed = false;
    bool is_paused = false;
  };

  /// Starts an operation that ends in `answer()`; in a further run of the call in what the run before was told.
  template <class Answer>
  tr_op begin(tr_call call, const char* function, std::string arguments, Answer answer, tr_done done, void* user,
              const tr_http_sink* sink = nullptr) {
    FakeCall* const owner = find(call, function);
    const bool is_stale = owner == nullptr && call != 0;
    const std::string what = function + std::string(1, '\0') + std::move(arguments);
    FakeReply reply;
    std::string recorded_as;
    if (is_stale) {
      reply = FakeReply::failure(TR_CANCELLED, "stale_call", "the call has completed", TR_RESULT_NOT_SENT);
    } else if (const FakeReply* known = owner == nullptr ? nullptr : owner->replay(what)) {
      reply = *known;
      reply.delay({});
    } else {
      reply = answer();
      recorded_as = what;
    }
    const tr_op op = ++last_op;
    const std::int64_t due = loop.now_ns() + reply.delay_ns();
    if (owner != nullptr && owner->is_cancelled) {
      reply = FakeReply::failure(TR_CANCELLED, "cancelled", "the call was cancelled", TR_RESULT_NOT_SENT);
    }
    ops.emplace(op, Op{call, done, user, std::move(reply), std::move(recorded_as), sink});
    loop.at(due, call, op, [this, op] { advance(op); });
    return op;
  }
  void cancel_op(tr_op op, const char* why) {
    const auto found = ops.find(op);
    if (found == ops.end()) return blame("cancel_op() for operation " + std::to_string(op) + ", which is over");
    found->second.reply = FakeReply::failure(TR_CANCELLED, "cancelled", why, TR_RESULT_MAYBE_SENT);
    found->second.recorded_as.clear();
    if (std::exchange(found->second.is_paused, false)) loop.at(0, found->second.call, op, [this, op] { advance(op); });
    loop.hurry(op);
  }
  void resume_op(tr_op op) {
    const auto found = ops.find(op);
    if (found == ops.end()) return blame("resume_op() for operation " + std::to_string(op) + ", which is over");
    if (std::exchange(found->second.is_paused, false)) loop.at(0, found->second.call, op, [this, op] { advance(op); });
  }
  void cancel_ops_of(tr_call call, const char* why) {
    std::vector<tr_op> pending;
    for (const auto& [op, state] : ops) {
      if (state.call == call) pending.push_back(op);
    }
    for (const tr_op op : pending) cancel_op(op, why);
  }

  FakeLoop loop;
  std::vector<std::string> misuse;
  std::map<tr_call, FakeCall*> active;  // By the id of their running run.
  std::map<tr_op, Op> ops;
  std::vector<tr_call> frames;  // Entered, innermost last.
  tr_call next_call = 1;
  tr_op last_op = 0;
  bool is_started = false;
  const tr_result* delivering = nullptr;  // What keep() may be used on,
  const FakeReply* delivering_reply = nullptr;
  int kept_buffers = 0;  // and how many the plugin has not released.

  void keep(const tr_result* result, tr_buffer* body) {
    if (result != delivering || result == nullptr) return blame("keep() outside the done() of its result");
    ++kept_buffers;
    auto* lent = new Kept{this, delivering_reply->body()};
    *body = tr_buffer{lent->bytes.data(), lent->bytes.size(), &FakeCore::release, lent};
  }

 private:
  struct Kept {
    FakeCore* core;
    std::string bytes;
  };
  static void release(void* owner) noexcept {
    auto* kept = static_cast<Kept*>(owner);
    --kept->core->kept_buffers;
    delete kept;
  }

  /// The next frame of an operation: its sink's head, a chunk, or its done.
  void advance(tr_op id) {
    Op& op = ops.at(id);
    const bool is_streaming = op.sink != nullptr && op.reply.status() == TR_OK;
    if (is_streaming && (!op.is_headed || op.sent < op.reply.body().size())) {
      std::int32_t flow = TR_CHUNK_MORE;
      if (!std::exchange(op.is_headed, true)) {
        op.reply.lend_to(
            false, [&](const tr_result& head) { frame(op.call, [&] { flow = op.sink->head(op.sink->user, &head); }); });
      } else {
        const std::string piece = op.reply.body().substr(op.sent, op.reply.chunk_size());
        op.sent += piece.size();
        frame(op.call, [&] { flow = op.sink->chunk(op.sink->user, lend(piece)); });
      }
      // The plugin has what it wanted: that is a success with less than all.
      if (flow == TR_CHUNK_STOP) op.reply = FakeReply(op.reply.number()).flags(TR_RESULT_CUT);
      if (flow == TR_CHUNK_PAUSE) {
        op.is_paused = true;
      } else {
        loop.at(0, op.call, id, [this, id] { advance(id); });
      }
      return;
    }
    Op over = std::move(op);
    ops.erase(id);
    if (const std::shared_ptr<const FakeReply> failure = over.reply.break_at_end()) over.reply = *failure;
    const auto owner = active.find(over.call);
    if (owner != active.end() && over.reply.status() == TR_SUSPENDED) {
      owner->second->is_told_to_unwind = true;
    } else if (owner != active.end() && !over.recorded_as.empty()) {
      owner->second->remember(over.recorded_as, over.reply);
    }
    over.reply.lend_to(!is_streaming, [&](const tr_result& result) {
      const tr_result* const outer = std::exchange(delivering, &result);  // Non-null inside wait().
      const FakeReply* const outer_reply = std::exchange(delivering_reply, &over.reply);
      frame(over.call, [&] { over.done(over.user, &result); });
      delivering = outer;
      delivering_reply = outer_reply;
    });
  }
};

}  // namespace toolrack::testing
