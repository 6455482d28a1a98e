#include "base/json_memory.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace toolrack::base::json::memory {
namespace {

constexpr std::size_t kBlockBytes = 16 << 10;

struct Block {
  std::unique_ptr<char[]> bytes;
  bool is_taken = false;
};
thread_local std::array<Block, 3> blocks;

Block* find(const void* memory) noexcept {
  for (auto& block : blocks)
    if (memory == block.bytes.get()) return &block;
  return nullptr;
}

}  // namespace

void* ReadMemory::Malloc(std::size_t size) {
  if (size == 0) return nullptr;
  if (size <= kBlockBytes) {
    for (auto& block : blocks) {
      if (block.is_taken) continue;
      if (!block.bytes) block.bytes = std::make_unique<char[]>(kBlockBytes);
      block.is_taken = true;
      return block.bytes.get();
    }
  }
  return std::malloc(size);
}

void* ReadMemory::Realloc(void* original, std::size_t original_size, std::size_t new_size) {
  if (original == nullptr) return Malloc(new_size);
  if (new_size == 0) {
    Free(original);
    return nullptr;
  }
  if (find(original) == nullptr) return std::realloc(original, new_size);
  if (new_size <= kBlockBytes) return original;
  auto* grown = std::malloc(new_size);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, original, std::min(original_size, new_size));
  Free(original);
  return grown;
}

void ReadMemory::Free(void* memory) noexcept {
  if (memory == nullptr) return;
  if (auto* block = find(memory))
    block->is_taken = false;
  else
    std::free(memory);
}

}  // namespace toolrack::base::json::memory
