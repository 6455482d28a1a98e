/// Memory for one parse: handed out piece by piece, given back to the system all at once.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace toolrack::seo {

/// Chunks come from mmap, so that a 5 MB page leaves no trace in the heap of a process that serves for months. Freed
/// pieces are reused by size class. Not for use by several threads at once.
class Arena {
 public:
  explicit Arena(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  /// Aligned for any type; nullptr when the limit is reached or the system has no more.
  void* allocate(std::size_t bytes) noexcept;
  /// Of a piece that allocate() gave.
  void release(void* piece) noexcept;
  std::size_t reserved_bytes() const noexcept { return reserved_; }

 private:
  struct Chunk {
    void* begin;
    std::size_t size;
  };
  struct Header {
    std::size_t size_class;
    Header* next_free;
  };
  static constexpr std::size_t kClasses = 48;

  bool grow(std::size_t bytes) noexcept;

  const std::size_t max_bytes_;
  std::vector<Chunk> chunks_;
  std::array<Header*, kClasses> free_{};
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::size_t reserved_ = 0;
};

}  // namespace toolrack::seo
