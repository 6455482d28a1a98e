/// Frames: what the gateway and a worker process say to each other over a stream socket.
///
/// A frame is `u32 length` of what follows, `u16 type`, `u16 guest`, `u64 id`, then its fields one after another:
/// numbers as they lie in memory (both ends run on one machine), texts as `u32 size` and their bytes. A reader believes
/// nothing: a worker may send any bytes. Nothing here allocates more than it has received.
///
/// The guest is the plugin that a frame is about, where a process carries several: its number in that process, in the
/// order in which they came. Frames about the process itself (ping, memory) say 0, and so does one that has it alone.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::worker {

/// The longest frame, its length field aside, whichever way it takes (memory.hpp). What is larger travels as an asset.
inline constexpr std::uint32_t kLongestFrame = 64U << 20;
/// Of type and id, which every frame has.
inline constexpr std::uint32_t kShortestFrame = 12;

/// Numbers are part of what a gateway and its own worker program agree on, and of nothing else: both come from one
/// build.
enum class FrameType : std::uint32_t {
  // Gateway to worker: requests of a [control] thread, answered by kReply of the same id.
  kLoad =
      1,    ///< label, library; makes the guest and opens its library. The reply: abi_major, abi_minor, min_host_minor.
  kCreate,  ///< offered services, least log level. The reply: has it toolrack.state/1?
  kStart,   ///< generation, manifest, configuration, label.
  kSave,    ///< phase. The reply: what was saved.
  kLoadState,  ///< phase, what was saved.
  kStop,
  kDestroy,
  // Gateway to worker: calls. The id is the call's.
  kInvoke,
  kCancel,
  kEmitState,  ///< What emit() is to answer from now on.
  // Gateway to worker: is anybody there? Answered by kPong of the same id.
  kPing,
  // Gateway to worker: operations. The id is the one that the worker gave.
  kDone,
  kHead,
  kChunk,
  // Worker to gateway.
  kReply,  ///< Of a request: status, explanation, fields.
  kComplete,
  kProgress,
  kEmit,
  kMeter,
  kLog,
  kListChanged,      ///< which; the id is the call's, or 0.
  kResourceUpdated,  ///< URI; the id is the call's, or 0.
  kOperation,        ///< kind, call, its arguments; the id is the worker's.
  kCancelOperation,
  kResumeOperation,
  kStopOperation,  ///< The plugin's sink wants no more.
  kTaken,          ///< So many bytes of a kChunk have been taken.
  kMisuse,         ///< function, what.
  kPong,
  // Worker to gateway on the channel of questions, and the answer.
  kAsk,
  kAnswer,
  // Both ways.
  kInMemory,  ///< A frame lies in the memory whose descriptor comes with this one: so many bytes.
  // Worker to gateway.
  kMemoryTaken,  ///< It has such a frame, of so many bytes.
  // Gateway to worker, a request like those above.
  kLeave,  ///< unmap; ends the guest, whatever it has come to. Nothing of it is called afterwards.
  kLast = kLeave,
};

/// Host operations that a worker asks for: each ends in one kDone.
enum class OperationKind : std::uint32_t {
  kHttp = 1,
  kToolsCall,
  kToolsList,
  kAssetsPut,
  kAssetsOpen,
  kAssetsAppend,
  kAssetsClose,
  kAssetsStat,
  kAssetsRead,
  kKnowledgeSearch,
  kClockAfter,
  kWritable,
  kCheckpoint,
  kAskQuestion,
  kOnceBegin,
  kOnceEnd,
};

/// What must be answered at once, while the plugin's thread waits.
enum class Question : std::uint32_t { kUnixTime = 1, kMonotonicTime, kRandom, kScratch };

/// Makes one frame. Texts longer than 4 GiB do not occur: a frame is refused by its reader long before.
class FrameWriter {
 public:
  /// `expected`: about so many bytes of fields.
  FrameWriter(FrameType type, std::uint64_t id, std::size_t expected = 0);
  FrameWriter& u32(std::uint32_t value) { return put(&value, sizeof value); }
  FrameWriter& u64(std::uint64_t value) { return put(&value, sizeof value); }
  FrameWriter& i64(std::int64_t value) { return put(&value, sizeof value); }
  FrameWriter& f64(double value) { return put(&value, sizeof value); }
  FrameWriter& text(std::string_view value) {
    u32(static_cast<std::uint32_t>(value.size()));
    return value.empty() ? *this : put(value.data(), value.size());
  }
  /// Longer than `kLongestFrame`: nobody would read it.
  bool is_too_long() const noexcept { return end_ - sizeof(std::uint32_t) > kLongestFrame; }
  /// The frame, ready to be sent.
  std::string take(std::uint16_t guest = 0) &&;

 private:
  FrameWriter& put(const void* data, std::size_t size) {
    if (bytes_.size() - end_ < size) [[unlikely]]
      grow(size);
    std::memcpy(bytes_.data() + end_, data, size);
    end_ += size;
    return *this;
  }
  void grow(std::size_t size);

  std::string bytes_;  // What is written and room behind it.
  std::size_t end_ = 0;
};

/// Says which guest a frame that is ready to be sent is about.
void set_guest(std::string& frame, std::uint16_t guest) noexcept;

/// Takes the fields of one frame in their order. What is missing or too long makes the reader fail, and everything it
/// gives from then on is 0 or empty: look at `is_whole` once at the end.
class FieldReader {
 public:
  explicit FieldReader(std::string_view payload) : rest_(payload) {}
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::int64_t i64() { return number<std::int64_t>(); }
  double f64() { return number<double>(); }
  /// Points into the payload.
  std::string_view text() {
    const auto size = u32();
    if (size > rest_.size()) fail();
    if (has_failed_) return {};
    const auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  /// A count of things that take at least `least_bytes` each: more than could follow makes the reader fail.
  std::uint32_t count(std::size_t least_bytes);
  bool has_failed() const noexcept { return has_failed_; }
  /// All fields were there, and nothing else.
  bool is_whole() const noexcept { return !has_failed_ && rest_.empty(); }

 private:
  template <typename T>
  T number() {
    T value{};
    if (rest_.size() < sizeof value) {
      fail();
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  void fail() noexcept {
    has_failed_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  bool has_failed_ = false;
};

struct Frame {
  FrameType type = FrameType::kLast;
  std::uint16_t guest = 0;
  std::uint64_t id = 0;
  std::string_view payload;  ///< Valid until `FrameReader::room`.
};

/// The one frame that `bytes` are, from its length to its last field; nothing when they are something else.
std::optional<Frame> read_frame(std::string_view bytes);

/// Cuts a stream of bytes into frames. One thread at a time.
class FrameReader {
 public:
  /// Where the next bytes go: never empty. What `next` has given is invalid afterwards.
  std::span<char> room();
  /// So many of them came.
  void filled(std::size_t bytes) noexcept { end_ += bytes; }
  /// The next whole frame; nothing when more bytes are needed, and for ever when the stream is broken.
  std::optional<Frame> next();
  /// A length or type that no frame has: what follows cannot be told from noise.
  bool is_broken() const noexcept { return is_broken_; }

 private:
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // What has come and was not given yet.
  bool is_broken_ = false;
};

}  // namespace toolrack::worker
