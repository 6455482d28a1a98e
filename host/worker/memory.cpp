#include "worker/memory.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace toolrack::worker {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool write_all(int file, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Huge pages may be missing when they are touched, holes when memory runs out: both would end their reader.
bool is_all_there(int descriptor, std::uint64_t size) noexcept {
  struct stat info {};
  struct statfs system {};
  if (::fstat(descriptor, &info) != 0 || ::fstatfs(descriptor, &system) != 0) return false;
  return S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) == size && system.f_type == TMPFS_MAGIC &&
         static_cast<std::uint64_t>(info.st_blocks) * 512 >= size;
}

}  // namespace

int make_sealed(std::string_view bytes) noexcept {
  const int memory = ::memfd_create("toolrack-frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return -1;
  if (write_all(memory, bytes) && ::fcntl(memory, F_ADD_SEALS, kSeals | F_SEAL_SEAL) == 0) return memory;
  ::close(memory);
  return -1;
}

std::optional<SealedMemory> SealedMemory::map(int descriptor, std::uint64_t size) noexcept {
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  // Sealed first, looked at then: what is sealed does not change any more.
  if (seals < 0 || (seals & kSeals) != kSeals || size == 0 || !is_all_there(descriptor, size)) return std::nullopt;
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
  if (at == MAP_FAILED) return std::nullopt;
  return SealedMemory({static_cast<const char*>(at), size});
}

SealedMemory::~SealedMemory() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

namespace {

/// A message of one byte, and room for one descriptor beside it.
struct DescriptorMessage {
  DescriptorMessage() noexcept {
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_LEN(sizeof(int));  // Padding would be room for a second one.
  }
  char byte = 0;
  iovec piece{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
};

}  // namespace

bool give_descriptor(int socket, int descriptor) noexcept {
  DescriptorMessage one;
  auto* const head = CMSG_FIRSTHDR(&one.message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &one.message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

int take_descriptor(int socket) noexcept {
  DescriptorMessage one;
  if (::recvmsg(socket, &one.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return -1;
  const auto* const head = CMSG_FIRSTHDR(&one.message);
  if (head == nullptr || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
      head->cmsg_len != CMSG_LEN(sizeof(int)))
    return -1;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(head), sizeof descriptor);
  return descriptor;
}

}  // namespace toolrack::worker
