#include "worker/board.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace toolrack::worker {
namespace {

/// A page. More than the threads that a worker may have.
constexpr std::size_t kWords = 1024;
constexpr std::size_t kBytes = kWords * sizeof(std::uint32_t);

std::atomic<std::uint32_t>* map_words(int descriptor) noexcept {
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  const int how = MAP_SHARED | (descriptor < 0 ? MAP_ANONYMOUS : 0);
  void* const at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, how, descriptor, 0);
  if (descriptor >= 0) ::close(descriptor);
  if (at == MAP_FAILED) std::abort();  // A process that has no page left at its start runs nothing.
  return static_cast<std::atomic<std::uint32_t>*>(at);
}

/// A thread's word, free for others when it ends.
struct OwnWord {
  std::atomic<std::uint32_t>* word = nullptr;
  ~OwnWord() {
    if (word != nullptr) word->store(0, std::memory_order_release);
  }
};
thread_local OwnWord own_word;

}  // namespace

int make_board() noexcept {
  const int memory = ::memfd_create("toolrack-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return -1;
  if (::ftruncate(memory, kBytes) == 0 && ::fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    return memory;
  ::close(memory);
  return -1;
}

std::vector<std::uint16_t> read_board(int descriptor) {
  std::array<std::uint32_t, kWords> words{};
  if (::pread(descriptor, words.data(), kBytes, 0) != static_cast<ssize_t>(kBytes)) return {};
  std::vector<std::uint16_t> out;
  for (const auto word : words)
    if (word >= Board::kFirstGuest && word - Board::kFirstGuest <= UINT16_MAX)
      out.push_back(static_cast<std::uint16_t>(word - Board::kFirstGuest));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Board::Board(int descriptor) : words_(map_words(descriptor)) {}

std::atomic<std::uint32_t>& Board::word() noexcept {
  if (own_word.word == nullptr) own_word.word = take_word();
  return *own_word.word;
}

std::atomic<std::uint32_t>* Board::take_word() noexcept {
  for (std::size_t i = 0; i < kWords; ++i) {
    std::uint32_t free = kNobody;
    if (words_[i].compare_exchange_strong(free, kOutside)) return words_ + i;
  }
  return &nowhere_;
}

}  // namespace toolrack::worker
