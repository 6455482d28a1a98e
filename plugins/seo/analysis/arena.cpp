#include "analysis/arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace toolrack::seo {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
// Classes 0..15 are multiples of 16 bytes, from there on powers of two: small pieces, of which there are millions,
// waste nothing, and growing buffers find the class they left.
constexpr std::size_t kSmallBytes = 256;

std::size_t class_of(std::size_t bytes) noexcept {
  if (bytes <= kSmallBytes) return (std::max<std::size_t>(bytes, 1) - 1) / 16;
  return 16 + std::bit_width(bytes - 1) - std::bit_width(kSmallBytes - 1);
}

std::size_t bytes_of(std::size_t size_class) noexcept {
  return size_class < 16 ? (size_class + 1) * 16 : kSmallBytes << (size_class - 16);
}

}  // namespace

Arena::~Arena() {
  for (const Chunk& chunk : chunks_) munmap(chunk.begin, chunk.size);
}

bool Arena::grow(std::size_t bytes) noexcept {
  const std::size_t size = std::max(kChunkBytes, (bytes + 4095) / 4096 * 4096);
  if (size > max_bytes_ - std::min(reserved_, max_bytes_)) return false;
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  chunks_.push_back({memory, size});
  reserved_ += size;
  at_ = static_cast<char*>(memory);
  end_ = at_ + size;
  return true;
}

void* Arena::allocate(std::size_t bytes) noexcept {
  if (bytes > max_bytes_) return nullptr;
  const std::size_t size_class = class_of(bytes);
  if (Header* const header = free_[size_class]) {
    free_[size_class] = header->next_free;
    return header + 1;
  }
  const std::size_t needed = sizeof(Header) + bytes_of(size_class);
  if (static_cast<std::size_t>(end_ - at_) < needed && !grow(needed)) return nullptr;
  auto* const header = reinterpret_cast<Header*>(at_);
  header->size_class = size_class;
  at_ += needed;
  return header + 1;
}

void Arena::release(void* piece) noexcept {
  if (piece == nullptr) return;
  Header* const header = static_cast<Header*>(piece) - 1;
  header->next_free = free_[header->size_class];
  free_[header->size_class] = header;
}

}  // namespace toolrack::seo
