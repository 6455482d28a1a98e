#include "lint/guarded.hpp"

#include <sys/mman.h>
#include <toolrack/abi.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace toolrack::lint {
namespace {

// As in tests/abi/layout_v1.txt: the structs may have grown since.
constexpr std::size_t kHostOf1_0 = 72, kInvocationOf1_0 = 88;
constexpr std::size_t kGrowth = 512;  // More than a copy on a plugin's stack forgives.

}  // namespace

GuardedCopy::GuardedCopy(const void* from, std::size_t known, std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto room = (size + page - 1) / page * page;
  mapped_ = room + page;
  pages_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  auto* const guard = static_cast<char*>(pages_) + room;
  if (::mprotect(guard, page, PROT_NONE) != 0) {
    ::munmap(pages_, mapped_);
    throw std::system_error(errno, std::generic_category(), "mprotect");
  }
  start_ = guard - size;
  std::memset(start_, 0xdd, size);
  std::memcpy(start_, from, std::min(known, size));
}

GuardedCopy::~GuardedCopy() { ::munmap(pages_, mapped_); }

std::size_t host_size(Sizes sizes) noexcept {
  if (sizes == Sizes::kFirst) return kHostOf1_0;
  return sizes == Sizes::kShortHost ? offsetof(tr_host, explain) : sizeof(tr_host);
}

std::size_t invocation_size(Sizes sizes) noexcept {
  if (sizes == Sizes::kFirst) return kInvocationOf1_0;
  return sizes == Sizes::kLongInvocation ? sizeof(tr_invocation) + kGrowth : sizeof(tr_invocation);
}

const char* describe(Sizes sizes) noexcept {
  switch (sizes) {
    case Sizes::kToday:
      return "with the structs of today";
    case Sizes::kFirst:
      return "on a host of ABI 1.0, whose structs end where theirs do";
    case Sizes::kShortHost:
      return "on a host whose tr_host ends before explain()";
    case Sizes::kLongInvocation:
      return "on a later host, whose tr_invocation is longer";
  }
  return "";
}

}  // namespace toolrack::lint
