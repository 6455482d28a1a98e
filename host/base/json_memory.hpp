/// Memory that reading JSON uses again and again instead of allocating it: the call path reads two documents a call.
#pragma once

#include <rapidjson/allocators.h>

#include <cstddef>
#include <memory>

namespace toolrack::base::json {

/// Apart, because a document's type names its allocator: in json itself it would bring all of json's functions into the
/// overloads of every call that has a document as argument.
namespace memory {

/// RapidJSON's allocator for what is needed while a text is read: the text in place, what reader and document stack up.
/// Each thread keeps a block for each; who needs more, or a fourth one at once, takes memory of its own for its time.
class ReadMemory {
 public:
  // Names and meanings are RapidJSON's "Allocator" concept.
  static constexpr bool kNeedFree = true;
  void* Malloc(std::size_t size);
  void* Realloc(void* original, std::size_t original_size, std::size_t new_size);
  static void Free(void* block) noexcept;
};

}  // namespace memory
using memory::ReadMemory;

/// Where the values of one document live, and of the next one after it: while documents are of ordinary size, parsing
/// into it allocates nothing. Owned by whoever parses over and over on one thread, a loop's state for example.
class Scratch {
 public:
  Scratch() : bytes_(std::make_unique<std::byte[]>(kBytes)), pool_(bytes_.get(), kBytes) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// For a new document; the one before must be gone.
  rapidjson::MemoryPoolAllocator<>& restart() {
    pool_.Clear();
    return pool_;
  }

 private:
  static constexpr std::size_t kBytes = 16 << 10;
  std::unique_ptr<std::byte[]> bytes_;
  rapidjson::MemoryPoolAllocator<> pool_;
};

}  // namespace toolrack::base::json
