#include "sources/native/frame_board.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace toolrack::sources::native {
namespace {

constexpr std::size_t kMostNames = 4096;
constexpr std::size_t kNameBytes = 96;
constexpr std::size_t kMostThreads = 1024;
constexpr std::array<char, 8> kMagic{'t', 'r', 'f', 'r', 'a', 'm', 'e', '1'};

struct alignas(64) Slot {  // One a cache line: threads must not share it.
  std::atomic<std::uint64_t> word{0};
};

}  // namespace

struct FrameBoard::Shared {
  static_assert(kMostNames <= kNumberMask);
  std::array<char, 8> magic;
  std::atomic<std::uint32_t> name_count;  // Written after the name.
  std::array<std::array<char, kNameBytes>, kMostNames> names;
  std::array<Slot, kMostThreads> slots;
};

base::Result<std::unique_ptr<FrameBoard>> FrameBoard::create(const std::filesystem::path& file) {
  const auto fail = [&](std::string_view what) {
    return base::fail(base::ErrorCode::kStoreFailed,
                      fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(errno)),
                      "Let the service user write to the data directory.");
  };
  int flags = MAP_PRIVATE | MAP_ANONYMOUS, at = -1;
  if (!file.empty()) {
    ::unlink(file.c_str());  // Somebody may still read the one before.
    at = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (at < 0) return fail("make");
    if (::ftruncate(at, sizeof(Shared)) != 0) {
      ::close(at);
      return fail("make room for");
    }
    flags = MAP_SHARED;
  }
  void* const mapped = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, flags, at, 0);
  if (at >= 0) ::close(at);
  if (mapped == MAP_FAILED) return fail("map");
  auto* const shared = static_cast<Shared*>(mapped);  // Zeros are a board with nothing on it.
  shared->magic = kMagic;
  shared->name_count.store(1, std::memory_order_relaxed);  // 0 is nobody's.
  return std::unique_ptr<FrameBoard>(new FrameBoard(shared));
}

FrameBoard::FrameBoard(Shared* shared)
    : shared_(shared), id_([] {
        static std::atomic<std::uint64_t> last{0};
        return last.fetch_add(1) + 1;
      }()) {}

FrameBoard::~FrameBoard() { ::munmap(shared_, sizeof(Shared)); }

std::vector<std::string> FrameBoard::read(const std::filesystem::path& file) {
  const int at = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat info {};
  // Where others may write, only what we have written counts.
  if (at >= 0 && (::fstat(at, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid())) {
    ::close(at);
    return {};
  }
  if (at < 0) return {};
  auto copy = std::make_unique<Shared>();
  std::size_t got = 0;
  while (got < sizeof(Shared)) {
    const auto more =
        ::pread(at, reinterpret_cast<char*>(copy.get()) + got, sizeof(Shared) - got, static_cast<off_t>(got));
    if (more <= 0) break;
    got += static_cast<std::size_t>(more);
  }
  ::close(at);
  if (got != sizeof(Shared) || copy->magic != kMagic) return {};
  const auto names = std::min<std::size_t>(copy->name_count.load(), kMostNames);
  std::set<std::string> out;
  for (const auto& slot : copy->slots) {
    const auto number = slot.word.load() & kNumberMask;
    if (number == 0 || number >= names) continue;
    const auto& name = copy->names[number];
    out.emplace(name.data(), ::strnlen(name.data(), name.size()));
  }
  return {out.begin(), out.end()};
}

std::uint32_t FrameBoard::number_of(std::string_view name) {
  if (name.size() >= kNameBytes) return 0;
  base::Lock lock(mutex_);
  if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
  const auto number = shared_->name_count.load(std::memory_order_relaxed);
  if (number >= kMostNames) return 0;
  std::memcpy(shared_->names[number].data(), name.data(), name.size());
  shared_->name_count.store(number + 1, std::memory_order_release);
  numbers_.emplace(name, number);
  return number;
}

std::vector<FrameBoard::Running> FrameBoard::running() const {
  std::vector<Running> out;
  const auto threads = std::min(threads_.load(std::memory_order_acquire), kMostThreads);
  for (std::size_t i = 0; i < threads; ++i) {
    const auto word = shared_->slots[i].word.load(std::memory_order_relaxed);
    const auto number = word & kNumberMask;
    // The count was raised after the name was written: whoever sees it sees that.
    if (number == 0 || number >= shared_->name_count.load(std::memory_order_acquire)) continue;
    out.push_back({i, word, static_cast<Where>((word >> kWhereShift) & kWhereMask), shared_->names[number].data()});
  }
  return out;
}

void FrameBoard::take_place() noexcept {
  const auto index = threads_.fetch_add(1, std::memory_order_acq_rel);
  own_place_ = {id_, index < kMostThreads ? &shared_->slots[index].word : &nowhere_, own_place_.turn};
}

std::string_view to_string(FrameBoard::Where where) noexcept {
  switch (where) {
    case FrameBoard::Where::kLoop:
      return "on a loop";
    case FrameBoard::Where::kPool:
      return "in the pool";
    case FrameBoard::Where::kBlocking:
      return "in a thread that may block";
    case FrameBoard::Where::kControl:
      return "while it is started or stopped";
  }
  return "";
}

}  // namespace toolrack::sources::native
